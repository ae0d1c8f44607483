#pragma once
// The grids of a fit: the fit is made on grids of cells joined in pairs first, coarsest first, and each
// starts from the coarser one's V or from one Poisson solve, whichever has the smaller objective.

#include <memory>
#include <optional>
#include <vector>

#include "otto/driver/fit_output.h"
#include "otto/driver/fitter.h"
#include "otto/infer/continuation.h"
#include "otto/infer/network_fit.h"
#include "otto/infer/objective.h"

namespace otto {

struct LevelStart {
  Objective::Vector x;
  PriorStrengths alpha;  ///< to start with, or asked for
  bool fitted =
      false;  ///< x is a coarser grid's, at a prior stronger by LevelOptions::coarse_prior
};

/// The fit on one grid.
class FitLevel {
 public:
  /// Keeps references. Collective.
  FitLevel(const Mesh& mesh, Generator& generator, const Snapshots& data,
           const FitSettings& options);

  [[nodiscard]] Objective& objective() { return objective_; }
  [[nodiscard]] GaussNewton& newton() { return *newton_; }
  [[nodiscard]] const std::vector<int>& steps() const { return steps_; }
  [[nodiscard]] const Objective::Vector& poisson_start() const { return poisson_; }
  [[nodiscard]] double poisson_misfit() const { return poisson_misfit_; }
  [[nodiscard]] PriorStrengths first_alpha() const { return first_alpha_; }
  /// Of several, the number of that with the smallest objective at this strength. Collective.
  [[nodiscard]] std::size_t best_of(const std::vector<Objective::Vector>& candidates,
                                    PriorStrengths alpha);
  /// V as that network, for the present strengths. Keeps a reference. Collective.
  std::unique_ptr<NetworkFit> network_fit(Network& network);
  /// Newton's method from there, at its strength or by the evidence. Collective.
  Continuation continuation(const LevelStart& start);

 private:
  [[nodiscard]] std::vector<double> mean_density() const;  ///< of the data, over time
  [[nodiscard]] double mean_interval() const;

  const Snapshots& data_;
  FitSettings options_;
  std::vector<double> V_;  ///< of the Poisson solve, owned + ghosts
  std::vector<int> steps_;
  Objective objective_;
  Objective::Vector poisson_;
  double poisson_misfit_ = 0;
  PriorStrengths first_alpha_;
  std::unique_ptr<GaussNewton> newton_;
};

/// For the finest grid, by way of the coarser ones. None: a stop is asked for. Collective.
std::optional<LevelStart> find_start(FitSetup& setup, FitLevel& finest, FitOutput& output);

}  // namespace otto
