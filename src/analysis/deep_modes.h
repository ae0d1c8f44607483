#pragma once
// Rates of a landscape with wells deeper than double precision resolves at once, from capacities.
//
// Let h_i be the probability to reach the core of well i before all other cores (and h_0: to be
// absorbed before any), and E the quadratic form of quotient.h. On the span of the h_i the
// eigenvalue problem is that of a graph with the conductances C_ij = -E(h_i, h_j) >= 0, the ways
// out C_i0 and the masses M_i = sum omega h_i (graph_modes.h). Its rates l_k enclose the true ones:
//
//   l_k / (1 + l_k / l_D)  <=  lambda_k  <=  l_k / (1 - 2 d),
//   d = max_i sum_{j != i} M_ij / M_i,   M_ij = sum omega h_i h_j,   l_D >= 1 / max T,
//
// T the mean time to reach a core. The upper bound is Rayleigh's; for the lower one split any u into
// its values on the cores, continued by the h_i, and a rest that vanishes there: E is the sum of
// both parts, and that of the rest is at least l_D times its norm. The bounds differ by parts of
// exp(-depth / kT), so that the deeper the wells, the closer they are.
//
// The mean time to leave through what absorbs is T_0 + sum_i t_i h_i, T_0 the mean time to reach a core or to leave, and
//
//   sum_j C_ij (t_i - t_j) + C_i0 t_i = M_i,
//
// since E(h_i, T_0) = 0: T_0 vanishes where h_i is not harmonic. It is found by elimination without
// subtractions (Grassmann, Taksar, Heyman 1985).
//
// What the arithmetic adds is bounded alike (well_capacities.h): a core is short-circuited below `depth` kT under
// the way out, and solves leave residuals.

#include <vector>

#include "deep_wells.h"
#include "otto/analysis/spectrum.h"
#include "outlets.h"
#include "quotient.h"

namespace otto {

struct DeepModes {
  std::vector<Mode> modes;                   ///< slowest first, each with its error; no residuals
  std::vector<std::vector<double>> settled;  ///< shapes whose rates lie far below l_D; equilibrium
  int solves = 0, iterations = 0;
};

struct DeepOptions {
  double depth = 22;  ///< kT: needed where a well is deeper; where cores and solves lose 1e-10
  double max_range = 1300;    ///< of V/kT: pi, half-way shifted, and 1/pi are ordinary numbers
  bool reproducible = false;  ///< as in SolverOptions
  double shallow = 12;  ///< kT: wells deeper than this have cores then; others only slow T down
};

/// The wells to treat apart: none where no well is as deep as `depth`, else all deeper than `shallow`, where
/// those are not too many. Collective; throws NumericalError where even the deep ones are.
DeepWells wells_of(const Generator& generator, const Outlets& outlets, const DeepOptions& options);

/// Nothing where no well is that deep. Collective; throws NumericalError where T is not resolved.
DeepModes find_deep_modes(const Generator& generator, const Quotient& quotient,
                          const DeepOptions& options = {});

/// Mean times to leave from the owned cells, to parts of 1e-9 of the largest. Empty where no well is that deep. For generators with
/// detailed balance that absorb. Collective; throws NumericalError where they are not resolved.
std::vector<double> find_deep_exit_times(const Generator& generator, const Quotient& quotient,
                                         const Outlets& outlets, const DeepOptions& options = {});

}  // namespace otto
