#include "otto/infer/objective.h"

#include <algorithm>
#include <cmath>

#include "otto/core/random.h"
#include "otto/infer/likelihood.h"

namespace otto {

namespace {

constexpr std::uint64_t noise_stream = 0x6e6f;  ///< of perturbation()

std::vector<std::vector<double>> legs_of(const Snapshots& data, const std::vector<int>& steps) {
  std::vector<std::vector<double>> legs;
  for (std::size_t k = 0; k + 1 < data.seen.size(); ++k) {
    const double dt = (data.seen[k + 1].time - data.seen[k].time) / steps[k];
    legs.emplace_back(std::size_t(steps[k]), dt);
  }
  return legs;
}

}  // namespace

struct Objective::Impl {
  Impl(Generator& g, const Snapshots& snapshots, const FitOptions& f, const std::vector<int>& steps,
       const ObjectiveOptions& o)
      : mesh(g.mesh()),
        data(snapshots),
        fit(f),
        known(g.external().begin(), g.external().end()),
        given_kT(g.temperature()),
        flow(g, legs_of(snapshots, steps), {.scheme = f.scheme, .rtol = o.rtol}),
        prior(g.mesh()),
        limited(g.flux().limited()) {
    double sum = 0;
    for (std::size_t k = 0; k < owned(); ++k) sum += mesh.volume[k];
    law = {.background = f.background, .volume = mesh.comm.sum(sum), .counts = data.sampled()};
    for (std::size_t k = 1; k < data.seen.size(); ++k) {
      N.push_back(data.sampled() ? double(data.seen[k].samples) : 1.0);
    }
  }

  [[nodiscard]] std::size_t owned() const { return std::size_t(mesh.owned); }
  [[nodiscard]] std::vector<double> with_ghosts(std::span<const double> values) const {
    std::vector<double> v(std::size_t(mesh.local()), 0.0);
    std::copy_n(values.begin(), owned(), v.begin());
    mesh.halo.update(mesh.comm, v);
    return v;
  }
  [[nodiscard]] bool continues(std::size_t leg) const { return !fit.each && leg > 0; }
  void adjoint(const std::vector<std::vector<double>>& cotangents, std::span<double> out);
  void compare(std::size_t leg, std::span<const double> rho);

  const Mesh& mesh;
  const Snapshots& data;
  FitOptions fit;
  std::vector<double> known;  ///< V of the known terms
  double given_kT;
  LinearFlow flow;
  ThinPlate prior;
  bool limited;
  LikelihoodOptions law;
  std::vector<double> N;
  // at the last value():
  double kT = 0, misfit = 0;
  std::vector<double> V, kl;
  std::vector<std::vector<double>> slopes, weights, densities;  ///< per leg, of owned cells
};

/// Misfit of a leg's end, its slope and its weight, times N m.
void Objective::Impl::compare(std::size_t leg, std::span<const double> rho) {
  const std::vector<double>& d = data.seen[leg + 1].density;
  auto &slope = slopes[leg], &weight = weights[leg];
  slope.resize(owned());
  weight.resize(owned());
  double sum = 0;
  for (std::size_t k = 0; k < owned(); ++k) {
    const Misfit m = otto::misfit(rho[k], d[k], law);
    sum += mesh.volume[k] * m.value;
    slope[k] = N[leg] * mesh.volume[k] * m.slope;
    weight[k] = N[leg] * mesh.volume[k] * m.weight;
  }
  kl[leg] = mesh.comm.sum(sum);
  misfit += N[leg] * kl[leg];
}

/// out = sum_k S_k^T cotangent_k.
void Objective::Impl::adjoint(const std::vector<std::vector<double>>& cotangents,
                              std::span<double> out) {
  FlowGradient g;
  std::vector<double> lambda(owned(), 0.0);
  for (std::size_t leg = flow.legs(); leg-- > 0;) {
    const bool follows = leg + 1 < flow.legs() && continues(leg + 1);
    for (std::size_t k = 0; k < owned(); ++k) {
      lambda[k] = (follows ? lambda[k] : 0.0) + cotangents[leg][k];
    }
    flow.adjoint(leg, lambda, g);
  }
  std::ranges::fill(out, 0.0);
  if (fit.external) add_cell_gradient(mesh, g.rise, out.first(owned()));
  if (fit.temperature) out.back() = kT * mesh.comm.sum(g.kT);
}

Objective::Objective(Generator& generator, const Snapshots& data, const FitOptions& fit,
                     const std::vector<int>& steps, const ObjectiveOptions& options)
    : impl_(std::make_unique<Impl>(generator, data, fit, steps, options)) {}

Objective::~Objective() = default;

std::size_t Objective::size() const {
  return (impl_->fit.external ? impl_->owned() : 0) + (impl_->fit.temperature ? 1 : 0);
}
bool Objective::has_external() const { return impl_->fit.external; }
bool Objective::has_temperature() const { return impl_->fit.temperature; }
const Mesh& Objective::mesh() const { return impl_->mesh; }
const ThinPlate& Objective::prior() const { return impl_->prior; }
double Objective::misfit() const { return impl_->misfit; }
const std::vector<double>& Objective::misfits() const { return impl_->kl; }
double Objective::temperature() const { return impl_->kT; }
bool Objective::limited() const { return impl_->limited; }
long Objective::solves() const { return impl_->flow.solves(); }
std::vector<std::vector<std::vector<double>>>& Objective::frozen() { return impl_->flow.frozen(); }
const std::vector<std::vector<double>>& Objective::densities() const { return impl_->densities; }

double Objective::samples() const {
  double sum = 0;
  for (const double n : impl_->N) sum += n;
  return sum;
}

double Objective::dot(std::span<const double> a, std::span<const double> b) const {
  double sum = 0;
  const std::size_t cells = impl_->fit.external ? impl_->owned() : 0;
  for (std::size_t k = 0; k < cells; ++k) sum += a[k] * b[k];
  sum = mesh().comm.sum(sum);
  return impl_->fit.temperature ? sum + a.back() * b.back() : sum;
}

double Objective::value(std::span<const double> x) {
  Impl& o = *impl_;
  std::vector<double> V =
      o.fit.external ? o.with_ghosts(x) : std::vector<double>(o.known.size(), 0.0);
  o.V.assign(V.begin(), V.begin() + o.mesh.owned);
  for (std::size_t k = 0; k < V.size(); ++k) V[k] += o.known[k];
  o.kT = o.fit.temperature ? std::exp(x.back()) : o.given_kT;
  o.flow.set(V, o.kT);
  const std::size_t legs = o.flow.legs();
  o.misfit = 0;
  o.kl.assign(legs, 0.0);
  o.slopes.resize(legs);
  o.weights.resize(legs);
  o.densities.resize(legs);
  std::vector<double> rho;
  for (std::size_t leg = 0; leg < legs; ++leg) {
    if (!o.continues(leg)) rho = o.with_ghosts(o.data.seen[leg].density);
    rho = o.flow.solve(leg, rho);
    o.densities[leg].assign(rho.begin(), rho.begin() + o.mesh.owned);
    o.compare(leg, rho);
  }
  return o.misfit + (o.fit.external ? 0.5 * alpha * o.prior.energy(o.V) : 0.0);
}

void Objective::gradient(std::span<double> g) {
  Impl& o = *impl_;
  o.adjoint(o.slopes, g);
  if (!o.fit.external) return;
  std::vector<double> RV(o.owned());
  o.prior.apply(o.V, RV);
  for (std::size_t k = 0; k < RV.size(); ++k) g[k] += alpha * RV[k];
}

void Objective::product(std::span<const double> p, std::span<double> out, bool with_prior) {
  Impl& o = *impl_;
  std::vector<double> rise;
  if (o.fit.external) rise = rises_of(o.mesh, o.with_ghosts(p));
  const FlowDirection direction{rise, o.fit.temperature ? o.kT * p.back() : 0};
  std::vector<std::vector<double>> weighted(o.flow.legs());
  std::vector<double> d(o.owned(), 0.0);
  for (std::size_t leg = 0; leg < o.flow.legs(); ++leg) {
    if (!o.continues(leg)) std::ranges::fill(d, 0.0);
    o.flow.tangent(leg, direction, d);
    weighted[leg] = d;
    for (std::size_t k = 0; k < d.size(); ++k) weighted[leg][k] *= o.weights[leg][k];
  }
  o.adjoint(weighted, out);
  if (!with_prior || !o.fit.external) return;
  std::vector<double> Rp(o.owned());
  o.prior.apply(p.first(o.owned()), Rp);
  for (std::size_t k = 0; k < Rp.size(); ++k) out[k] += alpha * Rp[k];
}

void Objective::perturbation(std::uint64_t seed, std::uint64_t draw, std::span<double> out) {
  Impl& o = *impl_;
  std::vector<std::vector<double>> noise(o.flow.legs(), std::vector<double>(o.owned()));
  for (std::size_t leg = 0; leg < noise.size(); ++leg) {
    const std::uint64_t stream = (noise_stream + leg) << 32 | draw;
    for (std::size_t k = 0; k < o.owned(); ++k) {
      noise[leg][k] = std::sqrt(o.weights[leg][k]) *
                      RandomAt(seed, stream, std::uint64_t(o.mesh.global[k])).normal()[0];
    }
  }
  o.adjoint(noise, out);
  if (!o.fit.external) return;
  std::vector<double> prior(o.owned());
  o.prior.random(seed, draw, prior);
  for (std::size_t k = 0; k < prior.size(); ++k) out[k] += std::sqrt(alpha) * prior[k];
}

void Objective::refresh() { impl_->flow.refresh(); }

std::vector<double> Objective::time_integral() {
  std::vector<double> R(impl_->owned(), 0.0);
  for (std::size_t leg = 0; leg < impl_->flow.legs(); ++leg) {
    const std::vector<double> part = impl_->flow.time_integral(leg);
    for (std::size_t k = 0; k < R.size(); ++k) R[k] += part[k];
  }
  return R;
}

double Objective::data_cells() const {
  const Impl& o = *impl_;
  double count = 0;
  for (std::size_t k = 1; k < o.data.seen.size(); ++k) {
    for (const double d : o.data.seen[k].density) {
      if (d > o.law.background / o.law.volume) ++count;
    }
  }
  return o.mesh.comm.sum(count);
}

}  // namespace otto
