#pragma once
// What a training run minimises, by name. An objective is one .cpp file of src/learn/objectives:
// the formula, its law of the sampler, one registration.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/core/archive.h"
#include "otto/learn/grid_model.h"
#include "otto/learn/training_data.h"
#include "otto/linear/shifted_solver.h"

namespace otto {

/// What [train] says.
struct TrainOptions {
  std::string objective, sampler, kernel = "mala";
  std::int64_t iterations = 0;  ///< that of the objective where the case does not say
  std::uint64_t seed = 1;
  double tolerance = 0, target = 0, penalty = 0;
  long patience = 20;  ///< looks at held-out samples without a better one after which training ends
  double tau = 1;      ///< that of the objective where the case does not say
  double learning_rate = 0.01;
  SolverOptions solver;  ///< [solver], and [run] reproducible
  int cg_iterations = 150, sampler_steps = 1;
  std::int64_t particles = 1024;
};
TrainOptions read_train_options(const Case& c);

/// What an objective is made of; all of it outlives it. Its network's theta is what is trained.
struct Training {
  const Mesh& mesh;
  const TrainingData& data;
  Network& network;
  GridModel& model;  ///< of the training mesh; up to date between calls
  TrainOptions options;
};

/// What one iteration did, for history.csv.
struct IterationReport {
  double step = 0;  ///< share of the step taken, or the learning rate
  double tau = 0;
  int cg_iterations = 0;
  long poisson_solves = 0, poisson_iterations = 0;
};

class Objective {
 public:
  virtual ~Objective() = default;
  /// Before the first iteration, and after a checkpoint was loaded: what follows from theta and
  /// from what is remembered. Collective.
  virtual void refresh(bool resumed) = 0;
  /// One iteration. Collective; throws NumericalError.
  virtual IterationReport iterate() = 0;
  /// dL/dtheta at the theta of the moment, the sampler's law held fixed. Collective.
  [[nodiscard]] virtual const std::vector<double>& gradient() const = 0;
  /// L there, up to a constant, and its gradient, afresh. Collective.
  virtual double value_and_gradient(std::vector<double>& g) = 0;
  virtual void remember(Archive& archive) = 0;
};

struct ObjectiveEntry {
  std::string name, doc, equation;
  std::int64_t iterations = 0;  ///< default of train.iterations
  double tau = 1;               ///< default of train.tau
  double learning_rate = 0.01;  ///< default of train.learning_rate
  int sampler_steps = 1;        ///< default of train.sampler_steps
  bool takes_jko = true;        ///< train.sampler = "jko" is possible
  std::function<std::unique_ptr<Objective>(Training&)> make;
};
/// Registers an objective and declares it as a choice of `train.objective`: at namespace scope.
struct RegisterObjective {
  explicit RegisterObjective(ObjectiveEntry entry);
};
const std::vector<ObjectiveEntry>& all_objectives();  ///< by name
const ObjectiveEntry& find_objective(const std::string& name);

}  // namespace otto
