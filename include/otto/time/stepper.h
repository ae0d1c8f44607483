#pragma once
// One step of the flow, by name. A stepper is one .cpp file: the formula, advance, its keys, one
// registration line.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/core/archive.h"
#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"
#include "otto/time/error_budget.h"

namespace otto {

/// The state of a run. `density`: owned + ghosts (ghosts up to date between steps).
struct State {
  double time = 0;
  std::vector<double> density;
};

/// What the inner steps of a proximal step cost (newton/inner_newton.h).
struct InnerWork {
  int newton_iterations = 0, linear_iterations = 0, max_linear_iterations = 0;
  long transport_solves = 0, transport_sweeps = 0;
};

/// Evidence of one attempted step.
struct [[nodiscard]] StepReport {
  bool accepted = false;          ///< false: the state is unchanged, bit for bit
  std::string reason;             ///< why not; if accepted, what kept the scheme from its order
  int newton_iterations = 0;      ///< all stages together
  int linear_iterations = 0;      ///< all stages together
  int max_linear_iterations = 0;  ///< of one solve
  double error_estimate = -1;     ///< estimated L1 error in time of the new state; -1: none
  double next_step = 0;           ///< suggested length of the next attempt; 0: none
  double dissipation = -1;        ///< the scheme's own discrete dissipation (midpoint); -1: take it
                                  ///< at the new state
  double optimality = -1;         ///< residual of a proximal step's optimality conditions, relative
                                  ///< to the mass; -1: not a proximal step
  InnerWork inner;                ///< of which inner steps; their iterations are in the sums above
};

/// What steppers are made of; lives as long as the simulation.
struct Problem {
  const Mesh& mesh;
  const FreeEnergy& energy;
  Generator& generator;
  const Case& c;
};

class Stepper {
 public:
  virtual ~Stepper() = default;
  /// Advances the state by dt, or refuses and leaves it unchanged. Collective.
  virtual StepReport advance(State& state, double dt) = 0;
  [[nodiscard]] virtual int order() const = 0;
  /// Names what the next step depends on besides the State, so that a resumed run takes the same
  /// steps to the last bit. A scheme of one step that starts every solve from the density has
  /// nothing to say.
  virtual void remember(Archive& archive) { (void)archive; }
  /// Keeps F(n+1) + dt * dissipation <= F(n) unconditionally (dissipative by construction).
  [[nodiscard]] virtual bool dissipative() const { return false; }
  /// The dissipation at a state where it is not that of the generator's fluxes; else -1. Collective.
  [[nodiscard]] virtual double dissipation(const State& state) {
    (void)state;
    return -1;
  }
  /// Accurate to time.tolerance whatever the step; time.step may be left out.
  [[nodiscard]] virtual bool any_step() const { return false; }
  /// Steps in which each step is divided: `StepReport::inner` means something where there are more.
  [[nodiscard]] virtual int inner_steps() const { return 1; }
  /// The stepper can estimate its error, and does once `limit_error` has been called.
  [[nodiscard]] virtual bool estimates_error() const { return false; }
  /// From now on estimates errors and refuses steps the budget does not afford.
  void limit_error(const ErrorBudget& budget) { budget_ = budget; }

 protected:
  [[nodiscard]] const std::optional<ErrorBudget>& budget() const { return budget_; }

 private:
  std::optional<ErrorBudget> budget_;
};

/// order() of a scheme without an error in time but the tolerance.
inline constexpr int exact_in_time = 1000;

using StepperFactory = std::function<std::unique_ptr<Stepper>(const Problem&)>;
struct StepperEntry {
  std::string name, doc, equation;
  int order = 1;
  StepperFactory make;
  bool linear_only = false;  ///< for entropy and external terms only (FreeEnergy::linear)
};
struct RegisterStepper {
  explicit RegisterStepper(StepperEntry entry);  // also declares Choice{"time.scheme", name}
};
const std::vector<StepperEntry>& all_steppers();  ///< sorted by name
/// The stepper [time] scheme names. Throws InputError where it does not suit the problem.
std::unique_ptr<Stepper> make_stepper(const Problem& problem);

}  // namespace otto
