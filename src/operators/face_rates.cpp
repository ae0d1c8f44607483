#include "otto/operators/face_rates.h"

#include "otto/core/error.h"

namespace otto {

namespace {

void refuse_others(const Generator& g) {
  const auto refuse = [](const char* what) {
    throw InputError(std::string("derivatives of a flow are not available yet for ") + what);
  };
  if (!(g.temperature() > 0)) refuse("problems without an entropy");
  if (g.correction()) refuse("flux.kind = \"fourth_order\", whose fluxes see more than two cells");
  if (g.mesh().couplings) refuse("cells bounded by medians");
  if (g.exchange()) refuse("open sides, sets that absorb and reactions");
  if (g.depends_on_time()) refuse("energies, drifts and diffusions that depend on t");
  if (g.heat()) refuse("a temperature that varies");
  if (g.without_metric()) refuse("a diffusion that vanishes somewhere");
}

}  // namespace

FaceRates face_rates(const Generator& generator) {
  refuse_others(generator);
  const double kT = generator.temperature();
  const auto a = generator.transmissibility();
  std::vector<double> s = generator.rises();
  const std::size_t n = s.size();
  for (double& x : s) x /= kT;
  std::vector<double> dK(n), dL(n);
  generator.flux().derivatives(s, dK, dL);
  const LimiterRatios& g = generator.ratios();
  for (std::size_t f = 0; f < (g.left.empty() ? 0 : n); ++f) {
    const double slope = 0.5 * (dK[f] + dL[f]);  // delta'(s)
    if (s[f] < 0) dK[f] += slope * g.left[f];
    if (s[f] > 0) dL[f] += slope * g.right[f];
  }
  FaceRates r{.forward = {generator.forward().begin(), generator.forward().end()},
              .backward = {generator.backward().begin(), generator.backward().end()},
              .forward_rise = std::move(dK),
              .backward_rise = std::move(dL),
              .forward_kT = std::vector<double>(n),
              .backward_kT = std::vector<double>(n)};
  for (std::size_t f = 0; f < n; ++f) {
    r.forward_rise[f] *= a[f];
    r.backward_rise[f] *= a[f];
    r.forward_kT[f] = r.forward[f] / kT - s[f] * r.forward_rise[f];
    r.backward_kT[f] = r.backward[f] / kT - s[f] * r.backward_rise[f];
  }
  return r;
}

void face_fluxes(const Mesh& mesh, std::span<const double> left, std::span<const double> right,
                 std::span<const double> rho, std::span<double> out) {
  for (std::size_t f = 0; f < out.size(); ++f) {
    out[f] = left[f] * rho[std::size_t(mesh.faces.left[f])] -
             right[f] * rho[std::size_t(mesh.faces.right[f])];
  }
}

void add_divergence(const Mesh& mesh, double factor, std::span<const double> F,
                    std::span<double> out) {
  for (std::size_t f = 0; f < F.size(); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    if (K < std::size_t(mesh.owned)) out[K] += factor * F[f];
    if (L < std::size_t(mesh.owned)) out[L] -= factor * F[f];
  }
}

void add_transposed(const Mesh& mesh, double factor, const FaceRates& rates,
                    std::span<const double> mu, std::span<double> out) {
  for (std::size_t f = 0; f < rates.forward.size(); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double fall = factor * (mu[K] - mu[L]);
    if (K < std::size_t(mesh.owned)) out[K] += rates.forward[f] * fall;
    if (L < std::size_t(mesh.owned)) out[L] -= rates.backward[f] * fall;
  }
}

}  // namespace otto
