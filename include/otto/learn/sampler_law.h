#pragma once
// The law rho_k of the sampler as masses of the cells: what the literature follows with particles.

#include <span>
#include <string>
#include <vector>

#include "otto/core/archive.h"
#include "otto/learn/grid_flow.h"
#include "otto/learn/grid_model.h"

namespace otto {

class SamplerLaw {
 public:
  /// `kind`: train.sampler; in one iteration rho moves for the time tau in `steps` steps. It starts
  /// uniform in the box. Collective.
  SamplerLaw(const GridModel& model, const std::string& kind, double tau, int steps,
             const SolverOptions& solver);

  /// Moves rho under the model's energy. Collective.
  void evolve();
  [[nodiscard]] const std::vector<double>& mass() const { return mass_; }  ///< owned, sum 1
  void remember(Archive& a) { a.cells("law", mass_); }

 private:
  void start();
  const GridModel& model_;
  std::string kind_;
  double tau_;
  int steps_;
  GridFlow flow_;
  std::vector<double> mass_;
};

}  // namespace otto
