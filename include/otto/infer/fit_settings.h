#pragma once
// [fit] of a case.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"
#include "otto/time/linear_flow.h"

namespace otto {

struct FitSettings {
  bool external = true;      ///< V is unknown
  bool network = false;      ///< V is made a network's after it has been found by cells
  std::vector<int> splines;  ///< intervals of every axis, of V by splines; empty: by cells
  bool temperature = false;  ///< kT is
  bool interaction = false;  ///< W is
  double range = 0;          ///< of W: constant beyond
  int knots = 20;            ///< intervals of its spline
  bool each =
      true;  ///< every interval starts from its own datum; else one trajectory from the first
  std::optional<double> prior;  ///< alpha in nats; none: by the evidence
  double background = 1e-4;     ///< eps of likelihood.h
  int iterations = 40;          ///< Newton steps per strength of the prior at most
  double tolerance = 1e-3;      ///< decrease expected of a step over the objective
  std::optional<int> steps;     ///< of time per interval; none: by the CFL number
  int streams =
      0;  ///< sines per axis of a drift found beside V (stream.h); no key: the curl test's
  bool curl_test = false;         ///< a verdict on the flow being one of a gradient
  int deviations = 32;            ///< perturbed solves
  double deviations_rtol = 1e-3;  ///< of them, in the norm of P^-1
  std::uint64_t seed = 1;         ///< of all random numbers
  LinearScheme scheme = LinearScheme::tr_bdf2;
};

/// Of the [fit] table, for a fit on `mesh`. `sampled`: the data are samples, which decides the default of
/// `start`. Throws InputError, also for what is not available yet.
FitSettings read_fit_settings(const Case& c, const Mesh& mesh, bool sampled);

}  // namespace otto
