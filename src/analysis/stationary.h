#pragma once
// The density at rest of a closed process without detailed balance, A rho = 0 with A = -M Q: implicit Euler steps
//
//   (M + c A) rho = M rho',
//
// each `growth` times as long as the one before, from the fastest rates to far beyond the slowest. A step is solved
// for w = (rho - s) / s with s = rho' for scale (flow_solver.h),
//
//   (M + c A) diag(s) w = M (rho' - rho) - c A rho,
//
// after which rho is the next scale: densities that range over many powers of ten come out cell by cell, the sharpest
// first, and every system has the density of the step before for a nearly constant solution. The right-hand side is made of
// fluxes, which leave K with what L gets, so that repeated solves lose neither mass nor digits in wells that are
// hardly ever left. Such a density is unique: from another start the long steps must end with the same.

#include <vector>

#include "otto/operators/generator.h"

namespace otto {

struct StationaryOptions {
  double growth = 1000;         ///< of c from step to step: a few iterations of GMRES each
  double shortest = 10;       ///< c over vol / (rate out), of the cell where that is least
  double longest = 1e8;       ///< c over (diagonal of the domain)^2 / (mean of kT D)
  double coarse_rtol = 1e-4;  ///< of w in a solve on the way to the longest step, ...
  double rtol = 1e-8;         ///< ... and in one of the longest, which are repeated
  double settled = 1e-13;     ///< change of the density in a long step, in L1
  double stalled =
      1e-9;            ///< below this no more is gained where a step changes half of the one before
  int max_steps = 30;  ///< long ones
  double max_apart = 1e-6;  ///< in L1, of the ends from two starts
};

/// rho of mass 1 (owned + ghosts). Collective; throws NumericalError where it is not resolved.
std::vector<double> stationary_density(const Generator& generator,
                                       const StationaryOptions& options = {});

}  // namespace otto
