#include "otto/infer/objective.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "otto/core/random.h"
#include "otto/infer/likelihood.h"

namespace otto {

namespace {

constexpr std::uint64_t noise_stream = 0x6e6f;   ///< of data_perturbation()
constexpr std::uint64_t stream_stream = 0x7373;  ///< of add_prior_perturbation(), for drifts

/// Equal steps; with an interaction, which is frozen at the start of a leg's first step, the first of them is
/// halved so many times: dt/8, dt/8, dt/4, dt/2, dt ...
std::vector<std::vector<double>> legs_of(const Snapshots& data, const std::vector<int>& steps,
                                         int halvings) {
  std::vector<std::vector<double>> legs;
  for (const Interval& k : data.intervals()) {
    const int count = steps[legs.size()];
    const double dt = data.time_of(k) / count;
    std::vector<double> leg{std::ldexp(dt, -halvings)};
    for (int i = halvings; i > 0; --i) leg.push_back(std::ldexp(dt, -i));
    leg.resize(leg.size() + std::size_t(count) - 1, dt);
    legs.push_back(std::move(leg));
  }
  return legs;
}

/// The derivative in w.
class ToValues final : public PairCotangents {
 public:
  ToValues(const RadialSpline& spline, const Mesh& mesh) : gradient_(spline, mesh) {}
  void add(std::span<const double> c, std::span<const double> rho) override {
    gradient_.add(c, rho);
  }
  void clear() { gradient_.clear(); }
  [[nodiscard]] std::vector<double> gather() { return gradient_.gather(); }

 private:
  RadialGradient gradient_;
};

/// out += factor A x.
template <class Prior>
void add_prior(const Prior& prior, double factor, std::span<const double> x,
               std::span<double> out) {
  std::vector<double> Ax(x.size());
  prior.apply(x, Ax);
  for (std::size_t k = 0; k < Ax.size(); ++k) out[k] += factor * Ax[k];
}

template <class Prior>
void add_random(const Prior& prior, double factor, std::uint64_t seed, std::uint64_t draw,
                std::span<double> out) {
  std::vector<double> noise(out.size());
  prior.random(seed, draw, noise);
  for (std::size_t k = 0; k < noise.size(); ++k) out[k] += std::sqrt(factor) * noise[k];
}

}  // namespace

struct Objective::Impl {
  Impl(Generator& g, const Snapshots& snapshots, const FitSettings& f,
       const std::vector<int>& steps, const ObjectiveOptions& o)
      : generator(g),
        mesh(g.mesh()),
        data(snapshots),
        fit(f),
        known(g.external().begin(), g.external().end()),
        given_kT(g.temperature()),
        known_W(g.energy().interaction()),
        intervals(snapshots.intervals()),
        flow(g, legs_of(snapshots, steps, f.interaction || known_W ? o.halvings : 0),
             {.scheme = f.scheme, .rtol = o.rtol}),
        limited(g.flux().limited()) {
    if (fit.interaction) {
      spline.emplace(fit.range, std::size_t(fit.knots));
      pair_prior.emplace(*spline);
      found = std::make_shared<RadialInteraction>(*spline, mesh);
      change = std::make_unique<RadialInteraction>(*spline, mesh);
      of_pairs = std::make_unique<ToValues>(*spline, mesh);
      W = std::make_unique<InteractionSum>(borrowed(known_W), found);
    }
    if (fit.external) prior = make_bending_prior(mesh);
    if (fit.external && !fit.splines.empty()) splines.emplace(mesh, fit.splines);
    if (fit.streams > 0) streams.emplace(mesh, fit.streams);
    unknowns = {.cells = fit.external && !splines ? owned() : 0,
                .coefficients = splines ? splines->size() : 0,
                .pairs = spline ? pair_prior->size() : 0,
                .streams = streams ? streams->size() : 0,
                .temperature = fit.temperature};
    double sum = 0;
    for (std::size_t k = 0; k < owned(); ++k) sum += mesh.volume[k];
    law = {.background = f.background, .volume = mesh.comm.sum(sum), .counts = data.sampled()};
    for (const Interval& k : intervals) {
      N.push_back(data.sampled() ? double(data.seen[k.to].samples) : 1.0);
    }
  }

  [[nodiscard]] std::size_t owned() const { return std::size_t(mesh.owned); }
  [[nodiscard]] std::vector<double> with_ghosts(std::span<const double> values) const {
    std::vector<double> v(std::size_t(mesh.local()), 0.0);
    std::copy_n(values.begin(), owned(), v.begin());
    mesh.halo.update(mesh.comm, v);
    return v;
  }
  [[nodiscard]] bool continues(std::size_t leg) const {
    return !fit.each && leg > 0 && intervals[leg].from == intervals[leg - 1].to;
  }
  /// W of the spline through w, and 0 at its range.
  void set_pairs(RadialInteraction& kernel, std::span<const double> w) const {
    std::vector<double> values(w.begin(), w.end());
    values.push_back(0);
    kernel.set(values);
  }
  void set(std::span<const double> at);
  [[nodiscard]] Vector potential(std::span<const double> at) const;
  void pull_back_potential(std::span<const double> of_V, std::span<double> out) const;
  void adjoint(const Fields& cotangents, std::span<double> out, Fields* starts = nullptr);
  [[nodiscard]] Fields tangent(const FlowDirection& direction);
  void compare(std::size_t leg, std::span<const double> rho);

  Generator& generator;
  const Mesh& mesh;
  const Snapshots& data;
  FitSettings fit;
  std::vector<double> known;  ///< V of the known terms
  double given_kT;
  const Interaction* known_W;
  std::vector<Interval> intervals;  ///< of the legs
  LinearFlow flow;
  std::unique_ptr<BendingPrior> prior;   ///< where V is unknown
  std::optional<TensorSplines> splines;  ///< of V; none: by cells
  std::optional<RadialSpline> spline;    ///< where W is unknown
  std::optional<PairPrior> pair_prior;
  std::shared_ptr<RadialInteraction> found;   ///< W; null where it is known
  std::unique_ptr<RadialInteraction> change;  ///< dW of a product
  std::unique_ptr<Interaction> W;             ///< found and the known one
  std::unique_ptr<ToValues> of_pairs;
  std::optional<Streams> streams;
  Unknowns unknowns;
  bool limited;
  LikelihoodOptions law;
  std::vector<double> N;
  // at the last value():
  double kT = 0, misfit = 0;
  std::vector<double> x, kl;
  std::vector<std::vector<double>> slopes, weights, densities;  ///< per leg, of owned cells
};

/// Misfit of a leg's end, its slope and its weight, times N m.
void Objective::Impl::compare(std::size_t leg, std::span<const double> rho) {
  const std::vector<double>& d = data.seen[intervals[leg].to].density;
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
void Objective::Impl::adjoint(const Fields& cotangents, std::span<double> out, Fields* starts) {
  FlowGradient g;
  if (of_pairs) {
    of_pairs->clear();
    g.pairs = of_pairs.get();
  }
  if (starts) starts->assign(flow.legs(), {});
  std::vector<double> lambda(owned(), 0.0);
  for (std::size_t leg = flow.legs(); leg-- > 0;) {
    const bool follows = leg + 1 < flow.legs() && continues(leg + 1);
    for (std::size_t k = 0; k < owned(); ++k) {
      lambda[k] = (follows ? lambda[k] : 0.0) + cotangents[leg][k];
    }
    flow.adjoint(leg, lambda, g);
    if (starts && !continues(leg)) (*starts)[leg] = lambda;
  }
  std::ranges::fill(out, 0.0);
  if (fit.external) {
    std::vector<double> of_V(owned(), 0.0);
    add_cell_gradient(mesh, g.rise, of_V);
    pull_back_potential(of_V, out);
  }
  if (of_pairs)
    std::ranges::copy_n(of_pairs->gather().begin(), std::ptrdiff_t(unknowns.pairs),
                        unknowns.w(out).begin());
  if (streams) streams->pull_back(g.rise, unknowns.c(out));
  if (fit.temperature) out.back() = kT * mesh.comm.sum(g.kT);
}

Objective::Objective(Generator& generator, const Snapshots& data, const FitSettings& fit,
                     const std::vector<int>& steps, const ObjectiveOptions& options)
    : impl_(std::make_unique<Impl>(generator, data, fit, steps, options)) {}

Objective::~Objective() = default;

const Unknowns& Objective::unknowns() const { return impl_->unknowns; }
bool Objective::has_external() const { return impl_->fit.external; }
const RadialSpline& Objective::spline() const { return *impl_->spline; }
const PairPrior& Objective::pair_prior() const { return *impl_->pair_prior; }
const Streams* Objective::streams() const { return impl_->streams ? &*impl_->streams : nullptr; }
const Mesh& Objective::mesh() const { return impl_->mesh; }
const BendingPrior& Objective::prior() const { return *impl_->prior; }
const TensorSplines* Objective::splines() const {
  return impl_->splines ? &*impl_->splines : nullptr;
}
double Objective::misfit() const { return impl_->misfit; }
const std::vector<double>& Objective::misfits() const { return impl_->kl; }
double Objective::temperature() const { return impl_->kT; }
double Objective::background() const { return impl_->law.background / impl_->law.volume; }
bool Objective::limited() const { return impl_->limited; }
long Objective::solves() const { return impl_->flow.solves(); }

void Objective::set_rtol(double rtol) { impl_->flow.set_rtol(rtol); }

double Objective::rtol() const { return impl_->flow.rtol(); }
LinearFlow::Densities& Objective::frozen() { return impl_->flow.frozen(); }
const std::vector<std::vector<double>>& Objective::densities() const { return impl_->densities; }

double Objective::samples() const {
  double sum = 0;
  for (const double n : impl_->N) sum += n;
  return sum;
}

double Objective::dot(std::span<const double> a, std::span<const double> b) const {
  return impl_->unknowns.dot(mesh().comm, a, b);
}

std::vector<double> Objective::dots(const std::vector<Vector>& vectors,
                                    std::span<const double> b) const {
  return impl_->unknowns.dots(mesh().comm, vectors, b);
}

Objective::Vector Objective::Impl::potential(std::span<const double> at) const {
  Vector V(owned(), 0.0);
  if (splines) {
    splines->values(unknowns.V(at), V);
  } else {
    std::ranges::copy(unknowns.V(at), V.begin());
  }
  return V;
}

void Objective::Impl::pull_back_potential(std::span<const double> of_V,
                                          std::span<double> out) const {
  if (splines) {
    splines->transpose(of_V, unknowns.V(out));
  } else {
    std::ranges::copy(of_V, out.begin());
  }
}

Objective::Vector Objective::potential(std::span<const double> x) const {
  return impl_->potential(x);
}

void Objective::pull_back_potential(std::span<const double> of_V, std::span<double> out) const {
  impl_->pull_back_potential(of_V, out);
}

void Objective::set_potential(std::span<const double> V, std::span<double> x) const {
  if (impl_->splines) {
    impl_->splines->project(V, unknowns().V(x));
  } else {
    std::ranges::copy(V, x.begin());
  }
}

/// V, kT and W of x, for the flow.
void Objective::Impl::set(std::span<const double> at) {
  x.assign(at.begin(), at.end());
  std::vector<double> V =
      fit.external ? with_ghosts(potential(at)) : std::vector<double>(known.size(), 0.0);
  for (std::size_t k = 0; k < V.size(); ++k) V[k] += known[k];
  kT = fit.temperature ? std::exp(at.back()) : given_kT;
  if (spline) set_pairs(*found, unknowns.w(at));
  if (streams) {
    std::vector<double> along = streams->rise_of(unknowns.c(at));
    for (double& b : along) b = -b;
    generator.set_circulation(std::move(along));
  }
  flow.set(V, kT, W ? W.get() : known_W);
}

double Objective::value(std::span<const double> x) {
  Impl& o = *impl_;
  o.set(x);
  const std::size_t legs = o.flow.legs();
  o.misfit = 0;
  o.kl.assign(legs, 0.0);
  o.slopes.resize(legs);
  o.weights.resize(legs);
  o.densities.resize(legs);
  std::vector<double> rho;
  for (std::size_t leg = 0; leg < legs; ++leg) {
    if (!o.continues(leg)) rho = o.with_ghosts(o.data.seen[o.intervals[leg].from].density);
    rho = o.flow.solve(leg, rho);
    o.densities[leg].assign(rho.begin(), rho.begin() + o.mesh.owned);
    o.compare(leg, rho);
  }
  double J = o.misfit;
  J += 0.5 * alpha * bending(x);
  if (o.spline) J += 0.5 * alpha_W * o.pair_prior->energy(o.unknowns.w(x));
  return J;
}

double Objective::bending(std::span<const double> x) const {
  const Impl& o = *impl_;
  double sum = o.fit.external ? o.prior->energy(o.potential(x)) : 0;
  const std::span<const double> c = o.unknowns.c(x);
  for (std::size_t i = 0; i < c.size(); ++i)
    sum += stream_factor * o.streams->bending(i) * c[i] * c[i];
  return sum;
}

void Objective::gradient(std::span<double> g) {
  impl_->adjoint(impl_->slopes, g);
  add_priors(impl_->x, g);
}

void Objective::add_priors(std::span<const double> p, std::span<double> out) const {
  const Impl& o = *impl_;
  if (o.fit.external) {
    Vector of_V(o.owned(), 0.0), part(o.unknowns.size());
    add_prior(*o.prior, alpha, o.potential(p), of_V);
    o.pull_back_potential(of_V, part);
    for (std::size_t i = 0; i < o.unknowns.block(); ++i) out[i] += part[i];
  }
  if (o.spline) add_prior(*o.pair_prior, alpha_W, o.unknowns.w(p), o.unknowns.w(out));
  const std::span<const double> c = o.unknowns.c(p);
  const std::span<double> of_c = o.unknowns.c(out);
  for (std::size_t i = 0; i < c.size(); ++i)
    of_c[i] += alpha * stream_factor * o.streams->bending(i) * c[i];
}

Objective::Fields Objective::Impl::tangent(const FlowDirection& direction) {
  Fields changes(flow.legs());
  std::vector<double> d(owned(), 0.0);
  for (std::size_t leg = 0; leg < flow.legs(); ++leg) {
    if (!continues(leg)) std::ranges::fill(d, 0.0);
    flow.tangent(leg, direction, d);
    changes[leg] = d;
  }
  return changes;
}

Objective::Fields Objective::response(std::span<const double> p) {
  Impl& o = *impl_;
  std::vector<double> rise;
  if (o.fit.external) rise = rises_of(o.mesh, o.with_ghosts(o.potential(p)));
  if (o.streams) {
    const std::vector<double> of_c = o.streams->rise_of(o.unknowns.c(p));
    rise.resize(of_c.size(), 0.0);
    for (std::size_t f = 0; f < rise.size(); ++f) rise[f] += of_c[f];
  }
  if (o.spline) o.set_pairs(*o.change, o.unknowns.w(p));
  return o.tangent({rise, o.fit.temperature ? o.kT * p.back() : 0, o.change.get()});
}

Objective::Fields Objective::response_to_rises(std::span<const double> rise) {
  return impl_->tangent({.rise = rise});
}

double Objective::information(std::span<const double> dV, std::span<const double> dw,
                              double dlog_kT) {
  Impl& o = *impl_;
  const std::vector<double> rise = rises_of(o.mesh, o.with_ghosts(dV));
  if (!dw.empty()) o.set_pairs(*o.change, dw);
  const Fields u = o.tangent({rise, o.kT * dlog_kT, dw.empty() ? nullptr : o.change.get()});
  double sum = 0;
  for (std::size_t leg = 0; leg < u.size(); ++leg) {
    for (std::size_t k = 0; k < u[leg].size(); ++k)
      sum += o.weights[leg][k] * u[leg][k] * u[leg][k];
  }
  return o.mesh.comm.sum(sum);
}

void Objective::pull_back(const Fields& cotangents, std::span<double> out, Fields* starts) {
  impl_->adjoint(cotangents, out, starts);
}

const Objective::Fields& Objective::slopes() const { return impl_->slopes; }
const Objective::Fields& Objective::weights() const { return impl_->weights; }

void Objective::product(std::span<const double> p, std::span<double> out, bool with_prior) {
  Fields weighted = response(p);
  for (std::size_t leg = 0; leg < weighted.size(); ++leg) {
    for (std::size_t k = 0; k < weighted[leg].size(); ++k) {
      weighted[leg][k] *= impl_->weights[leg][k];
    }
  }
  impl_->adjoint(weighted, out);
  if (with_prior) add_priors(p, out);
}

void Objective::data_perturbation(std::uint64_t seed, std::uint64_t draw, std::span<double> out) {
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
}

void Objective::add_prior_perturbation(std::uint64_t seed, std::uint64_t draw,
                                       std::span<double> out) const {
  const Impl& o = *impl_;
  if (o.fit.external) {
    Vector of_V(o.owned(), 0.0), part(o.unknowns.size());
    add_random(*o.prior, alpha, seed, draw, of_V);
    o.pull_back_potential(of_V, part);
    for (std::size_t i = 0; i < o.unknowns.block(); ++i) out[i] += part[i];
  }
  if (o.spline) add_random(*o.pair_prior, alpha_W, seed, draw, o.unknowns.w(out));
  const std::span<double> c = o.unknowns.c(out);
  for (std::size_t i = 0; i < c.size(); ++i) {
    c[i] += std::sqrt(alpha * stream_factor * o.streams->bending(i)) *
            RandomAt(seed, stream_stream << 32 | draw, i).normal()[0];
  }
}

void Objective::refresh() { (void)impl_->flow.refresh(); }

double Objective::refresh_within(std::span<const double> x, double max_objective, int max_parts) {
  const LinearFlow::Densities before = impl_->flow.refresh();
  double share = 1;
  for (int part = 0; part < max_parts && !(value(x) <= max_objective); ++part) {
    const double kept = part + 1 < max_parts ? 0.5 : 0;  // of what is frozen now
    share *= kept;
    auto& frozen = impl_->flow.frozen();
    for (std::size_t l = 0; l < frozen.size(); ++l) {
      for (std::size_t i = 0; i < frozen[l].size(); ++i) {
        for (std::size_t k = 0; k < frozen[l][i].size(); ++k) {
          frozen[l][i][k] = kept * frozen[l][i][k] + (1 - kept) * before[l][i][k];
        }
      }
    }
  }
  return share;
}

std::vector<double> Objective::time_integral() {
  std::vector<double> R(impl_->owned(), 0.0);
  for (std::size_t leg = 0; leg < impl_->flow.legs(); ++leg) {
    const std::vector<double> part = impl_->flow.time_integral(leg);
    for (std::size_t k = 0; k < R.size(); ++k) R[k] += part[k];
  }
  return R;
}

FaceRates Objective::mean_rates(std::span<const double> R) {
  return impl_->flow.mean_rates(impl_->with_ghosts(R));
}

double Objective::data_cells() const {
  const Impl& o = *impl_;
  double count = 0;
  for (const Interval& k : o.intervals) {
    for (const double d : o.data.seen[k.to].density) {
      if (d > o.law.background / o.law.volume) ++count;
    }
  }
  return o.mesh.comm.sum(count);
}

}  // namespace otto
