#pragma once
// The two stages of TR-BDF2, without the end of the step. Also the start of schemes of several
// steps.

#include <vector>

#include "otto/time/linear_stage.h"

namespace otto {

/// gamma = 2 - sqrt 2, d = gamma / 2; alpha = 1 / (gamma (2 - gamma)), beta = (1 - gamma)^2 alpha:
///
///   (M - c M Q) rho_g = M rho0 + c M Q rho0,   (M - c M Q) rho1 = M (alpha rho_g - beta rho0),
///
/// c = d dt, rho_g at t + gamma dt.
struct TrBdf2Stages {
  static constexpr double gamma = 0.58578643762690495120, d = gamma / 2;
  static constexpr double alpha = 1 / (gamma * (2 - gamma));  // alpha - beta = 1

  /// Solves both from the state to state.time + dt; false where a solve fails (the report says
  /// why). Without `last`, of passes over one step, no guess is remembered. Collective.
  [[nodiscard]] bool solve(StepReport& report, const Mesh& mesh, Generator& generator,
                           LinearStage& stage, const State& state, double dt, bool last = true);

  std::vector<double> slope0;       ///< M Q rho0, owned values
  std::vector<double> rho_g, rho1;  ///< owned + ghosts
  std::vector<double> b;            ///< scratch, owned values
};

}  // namespace otto
