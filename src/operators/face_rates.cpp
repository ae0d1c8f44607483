#include "otto/operators/face_rates.h"

#include "otto/core/error.h"
#include "otto/operators/limited_rates.h"

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

/// From a c_K' and a c_L'.
void set_kT_rates(std::span<const double> s, double kT, FaceRates& r) {
  const std::size_t n = s.size();
  r.forward_kT.resize(n);
  r.backward_kT.resize(n);
#pragma omp simd
  for (std::size_t f = 0; f < n; ++f) {
    r.forward_kT[f] = r.forward[f] / kT - s[f] * r.forward_rise[f];
    r.backward_kT[f] = r.backward[f] / kT - s[f] * r.backward_rise[f];
  }
}

std::vector<double> scaled_rises(const Generator& generator) {
  std::vector<double> s = generator.rises();
  for (double& x : s) x /= generator.temperature();
  return s;
}

/// a c_K', a c_L' without what a limiter adds.
void set_rise_rates(const Generator& generator, std::span<const double> s, FaceRates& r) {
  const auto a = generator.transmissibility();
  const std::size_t n = s.size();
  r.forward_rise.resize(n);
  r.backward_rise.resize(n);
  generator.flux().derivatives(s, r.forward_rise, r.backward_rise);
  for (std::size_t f = 0; f < n; ++f) {
    r.forward_rise[f] *= a[f];
    r.backward_rise[f] *= a[f];
  }
}

}  // namespace

void LimitedRates::set(const Generator& generator) {
  refuse_others(generator);
  const auto a = generator.transmissibility();
  kT_ = generator.temperature();
  s_ = scaled_rises(generator);
  const std::size_t n = s_.size();
  plain_.forward.resize(n);
  plain_.backward.resize(n);
  generator.flux().weights(s_, plain_.forward, plain_.backward);
  set_rise_rates(generator, s_, plain_);
  excess_.resize(n);
  slope_.resize(n);
  for (std::size_t f = 0; f < n; ++f) {
    plain_.forward[f] *= a[f] * kT_;
    plain_.backward[f] *= a[f] * kT_;
    excess_[f] = 0.5 * (plain_.forward[f] + plain_.backward[f]) - a[f] * kT_;
    slope_[f] = 0.5 * (plain_.forward_rise[f] + plain_.backward_rise[f]);
  }
}

std::vector<double> LimitedRates::upwind(const LimiterRatios& ratios) const {
  std::vector<double> g(s_.size());
  for (std::size_t f = 0; f < g.size(); ++f) g[f] = s_[f] < 0 ? ratios.left[f] : ratios.right[f];
  return g;
}

void LimitedRates::rates(std::span<const double> g, FaceRates& r) const {
  const std::size_t n = s_.size();
  for (auto* x : {&r.forward, &r.backward, &r.forward_rise, &r.backward_rise}) x->resize(n);
#pragma omp simd
  for (std::size_t f = 0; f < n; ++f) {
    const double of_rate = excess_[f] * g[f], of_rise = slope_[f] * g[f];
    r.forward[f] = plain_.forward[f] + (s_[f] < 0 ? of_rate : 0);
    r.backward[f] = plain_.backward[f] + (s_[f] > 0 ? of_rate : 0);
    r.forward_rise[f] = plain_.forward_rise[f] + (s_[f] < 0 ? of_rise : 0);
    r.backward_rise[f] = plain_.backward_rise[f] + (s_[f] > 0 ? of_rise : 0);
  }
  set_kT_rates(s_, kT_, r);
}

FaceRates face_rates(const Generator& generator) {
  refuse_others(generator);
  FaceRates r;
  if (!generator.ratios().left.empty()) {
    LimitedRates limited;
    limited.set(generator);
    limited.rates(limited.upwind(generator.ratios()), r);
    return r;
  }
  const std::vector<double> s = scaled_rises(generator);
  r.forward = {generator.forward().begin(), generator.forward().end()};
  r.backward = {generator.backward().begin(), generator.backward().end()};
  set_rise_rates(generator, s, r);
  set_kT_rates(s, generator.temperature(), r);
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
