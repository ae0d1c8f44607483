#pragma once
// What is determined. At the solution the posterior is taken for normal, of covariance H^-1 (times the
// variance of one datum). Draws of it cost one adjoint run and one solve with H each:
//
//   x_j = H^-1 ( sum_k S_k^T sqrt(N_k m w) xi + sqrt(alpha) G^T eta ),   xi, eta standard normal,
//
// and so do the traces by which the evidence (D. MacKay 1992) chooses alpha:
//
//   gamma = tr(H^-1 H_data) = E b.H^-1 b,   b = sum_k S_k^T sqrt(N_k m w) xi,
//   alpha = gamma / (V.R V)                                         for samples;
//   N_eff = (cells with data - gamma) / (2 sum KL),  alpha = gamma / (V.R V N_eff)   for densities,
//
// and alpha_W = gamma_W / (w.B w) alike, each with its own block of the trace (MacKay's rule for several
// strengths; H is its prior's part K and the rest, so that the trace of a block of n unknowns is n - tr(H^-1 K), again a mean of
// squares). All of H together has the trace n, the number of unknowns less the constant of V: where data determine many of them,
// the mean g of b.H^-1 b and that of the prior's draws, k, make n g / (g + k), which varies with the spread of the eigenvalues of
// H^-1 H_data alone. N_eff counts the sum of all gammas. The misfit of densities is the discretisation's and stands for noise of N_eff samples.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "otto/infer/newton.h"

namespace otto {

struct PosteriorOptions {
  int probes = 8;  ///< draws for a trace
  /// Of the unknowns, determined by the data: beyond, draws of the prior are worth their solves.
  double share = 0.5;
  double trace_rtol = 1e-2, draw_rtol = 1e-3;  ///< of the solves with H
  int max_cg = 200;                            ///< of one of them
  double prior_shift = 1e-8;  ///< of V / L^4 beside R, which makes the prior alone a proper one
};

/// The trace of H^-1 H_data, by its blocks.
struct Gammas {
  double V = 0, w = 0, log_kT = 0;
  [[nodiscard]] double sum() const { return V + w + log_kT; }
};
/// None where `stop`, asked collectively before each solve, says so. Collective.
std::optional<Gammas> effective_parameters(Objective& objective, GaussNewton& newton,
                                           std::uint64_t seed, const std::function<bool()>& stop,
                                           const PosteriorOptions& options = {});

/// The part of it that drifts have, gamma.V holding it and V's, by random signs about the block of H^-1 H_data. None: a stop, as above.
/// Collective.
std::optional<double> stream_parameters(Objective& objective, GaussNewton& newton,
                                        std::uint64_t seed, const std::function<bool()>& stop,
                                        const PosteriorOptions& options = {});

struct Evidence {
  double alpha = 0, alpha_W = 0;  ///< the next strengths
  double effective_samples = 0;   ///< N_eff in units of N_k: 1 for samples
  double gamma = 0;               ///< of all blocks, at least 1
};
/// From the present solution. None: a stop, as above. Collective.
std::optional<Evidence> evidence(Objective& objective, GaussNewton& newton, bool sampled,
                                 std::uint64_t seed, const std::function<bool()>& stop,
                                 const PosteriorOptions& options = {});

/// Standard deviations.
struct Deviations {
  std::vector<double> V;         ///< of V less its R-weighted mean, owned cells
  std::vector<double> gradient;  ///< of grad V, d numbers per owned cell
  /// 1 - posterior / prior variance of grad V, at least 0; owned cells. The prior's is that of grad V less
  /// its mean over the box, which the prior leaves free.
  std::vector<double> determined;
  double log_kT = 0;
  std::vector<double> w;      ///< of W at its knots but the last
  std::vector<double> slope;  ///< of W' there
};
/// From so many draws; none: a stop, as above; `R`: the model's time integral; `samples`: N_eff of `Evidence`. Collective.
std::optional<Deviations> deviations(Objective& objective, GaussNewton& newton,
                                     std::span<const double> R, double samples, std::uint64_t seed,
                                     int draws, const std::function<bool()>& stop,
                                     const PosteriorOptions& options = {});

/// What the data say of the temperature. Data of a population at rest are those of V and kT times any
/// number: then u.H_data u = 0 for u = (V, 1) in (V, log kT).
struct Scaling {
  double information = 0;  ///< N_eff u.H_data u: 1 / variance of log kT along u
  bool determined = true;  ///< more than one nat, and not a rounding of what (V, 0) has
};
Scaling scaling_of(Objective& objective, GaussNewton& newton, std::span<const double> R,
                   double samples);

/// V + c |x|^2 / 2 and W - c r^2 / 2 differ in the motion of the mean alone: the information on that direction over
/// that on c |x|^2 / 2 in V alone. Near 0 V and W are confounded. Collective.
double confounding_of(Objective& objective);

}  // namespace otto
