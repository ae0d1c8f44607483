#pragma once
// What a fit found, compared with the data it was kept from, and as files.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fit_stream.h"
#include "otto/driver/fit_output.h"
#include "otto/driver/fitter.h"
#include "otto/driver/time_options.h"
#include "otto/infer/continuation.h"
#include "otto/infer/curl_test.h"
#include "otto/infer/objective.h"
#include "otto/infer/posterior.h"

namespace otto {

struct FitResult {
  Evidence evidence;
  std::optional<Deviations> deviations;
  Scaling scaling;
  std::optional<CurlTest> curl;
  StreamShare stream;        ///< where there is a curl test
  std::vector<double> V, R;  ///< owned cells; V less its R-weighted mean, int rho dt of the model
  std::vector<double> poisson;  ///< V by one Poisson solve, owned cells
  std::vector<double> W;        ///< at the knots, 0 at the last; empty where W is known
  double temperature = 1;
  double confounding = 1;  ///< posterior.h
  double gradient_check = 0;
  struct OfNetwork {
    double misfit_by_cells = 0, first_distance = 0;  ///< of NetworkFit
  };
  std::optional<OfNetwork> network;
  double poisson_misfit = 0;  ///< of V by one Poisson solve
  int iterations = 0;
  long cg_iterations = 0, solves = 0;
  double cg_per_deviation = 0;  ///< of a perturbed solve
  double seconds = 0;
  double forward_seconds = 0;  ///< of the processor, as the two below
  double gradient_seconds = 0, product_seconds = 0;  ///< after a value: one gradient, one product
};

/// The times of a run from the first snapshot to the last one kept out, of the first series; one step for all.
TimeOptions run_times(const FitSetup& setup, const std::vector<int>& steps);

/// Runs from the first snapshot, as `otto run fitted.toml` does; the density at the end (owned).
/// Collective.
std::vector<double> forecast(FitSetup& setup, const FitResult& result, const TimeOptions& times,
                             std::span<const double> start);

/// V.h5, W.h5, start.h5, fitted.toml and final.h5; the `fit` part of summary.json. Collective.
nlohmann::ordered_json write_result(FitSetup& setup, const Objective& objective,
                                    const FitResult& result, const TimeOptions& times,
                                    std::span<const double> start, std::vector<double>& density,
                                    FitOutput& output);

}  // namespace otto
