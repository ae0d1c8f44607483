#pragma once
// A start where the density is not 0 beside what absorbs. There the second-order schemes undershoot 0 in their
// first steps, next to the side within sqrt(kT D dt), by about as much mass as the layer holds; moving that mass
// elsewhere (mass_positivity_limiter.h) costs the order in time. Such a step is taken again by implicit Euler
// in two lengths, extrapolated,
//
//   rho1 = 2 rho_hh - rho_f,     (M - dt/2 M Q) rho_h = M rho0,   (M - dt/2 M Q) rho_hh = M rho_h,
//                                (M - dt M Q) rho_f = M rho0:
//
// of second order and L-stable, and positive there: on the half line rho0 = 1, x > 0, with y = x / sqrt(kT D dt),
//
//   rho1 = 1 - (2 + sqrt(2) y) exp(-sqrt(2) y) + exp(-y) > 0.
//
// Cells that lose mass at a rate k_K, k_K dt >> 1 (those of a set), have 8/(2 + k_K dt)^2 - 1/(1 + k_K dt) < 0 of theirs: they are
// emptied, and so much less counts as lost.
//
// The states of the two lengths are positive for every monotone flux; their difference need not be, and the scheme's own step stays
// where that has less mass below 0. The sign of such a start is that mass would come in through what absorbs, dt e_K |rho_K| where
// rho_K < 0: other undershoots, in the tails of smooth densities, are below the scheme's own error, which is a quarter of that of
// rho1 above. Long steps of a drift that carries mass out show the sign again and again and gain nothing: after some
// steps no more are tried until as many have passed without.

#include <vector>

#include "otto/core/archive.h"
#include "otto/time/linear_stage.h"

namespace otto {

struct PositiveStartOptions {
  int steps = 4;      ///< that may be taken again: a start needs one or two
  double noise = 10;  ///< mass that comes in, over solver.rtol and the whole, that is the solver's
};

class PositiveStart {
 public:
  explicit PositiveStart(const Problem& problem, const PositiveStartOptions& options = {});

  void restart() { left_ = options_.steps; }
  /// After a step of length dt to rho1 (owned + ghosts) mass comes in where it should leave, more than the solver
  /// explains, and there are steps left to take again. Collective.
  [[nodiscard]] bool wanted(const LinearStage& stage, double dt, const std::vector<double>& rho1);
  /// Takes it again, and keeps what has less mass below 0; false where a solve fails. Collective.
  [[nodiscard]] bool solve(StepReport& report, LinearStage& stage, const State& state, double dt,
                           std::vector<double>& rho1);
  void remember(Archive& archive) {
    if (archive.holds("left")) archive.number("left", left_);
  }

 private:
  /// Cells that let mass out and hold less than 0 are empty, and less has left. Collective.
  void empty_exits(LinearStage& stage, double dt, std::vector<double>& rho);

  PositiveStartOptions options_;
  const Mesh& mesh_;
  Generator& generator_;
  double noise_;
  int left_;
};

}  // namespace otto
