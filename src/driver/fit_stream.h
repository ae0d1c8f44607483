#pragma once
// How much of the force is no gradient: the unknowns of a fit and a drift b = curl psi (stream.h) beside them are found
// together, on the finest grid, by the evidence, that of psi by a strength of its own, so that noise is not taken for a
// drift. Then with R = int rho dt of that model
//
//   share = int R |b|^2 / int R (|b|^2 + |grad V|^2),   gain = the misfit without b less that with it.

#include <functional>
#include <optional>

#include "fit_levels.h"

namespace otto {

struct StreamShare {
  double share = 0;
  double gain = 0;  ///< in units of the data's, N_k = 1 for densities
};

/// `x`, `misfit`: of the fit without a drift; `sines`: per axis. None where `stop`, asked collectively before each
/// Newton step and between the solves of the evidence, says so. Collective.
std::optional<StreamShare> find_stream(const FitSetup& setup, const Unknowns& of_x,
                                       const Objective::Vector& x, double misfit, int sines,
                                       const std::function<bool()>& stop);

}  // namespace otto
