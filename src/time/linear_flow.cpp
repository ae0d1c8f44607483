#include "otto/time/linear_flow.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tr_bdf2_stages.h"

namespace otto {

namespace {

constexpr double alpha = TrBdf2Stages::alpha, beta = alpha - 1, half_gamma = TrBdf2Stages::d;

/// Densities of a step's stages, with ghosts; `middle` is empty with implicit Euler.
struct Stages {
  std::vector<double> middle, end;
};

/// Consecutive steps of a leg, with the density they start from.
struct Segment {
  std::size_t leg = 0, first = 0;
  std::vector<double> start;
  std::vector<Stages> steps;
};

}  // namespace

struct LinearFlow::Impl {
  Impl(Generator& g, std::vector<std::vector<double>> steps, const LinearFlowOptions& o);

  [[nodiscard]] std::span<double> owned(std::vector<double>& x) const {
    return std::span(x).first(std::size_t(mesh.owned));
  }
  [[nodiscard]] double shift(double dt) const {  ///< c
    return options.scheme == LinearScheme::implicit_euler ? dt : half_gamma * dt;
  }
  const FaceRates& rates_at(std::size_t leg, std::size_t step, std::span<const double> rho0);
  TransportPair& pair_at(std::size_t leg, std::size_t step, const FaceRates& rates);
  void step(std::size_t leg, std::size_t i, std::span<const double> rho0, Stages& stages);
  const Segment& segment(std::size_t leg, std::size_t first);
  void tangent_step(std::size_t leg, std::size_t i, std::span<const double> rho0,
                    const Stages& stages, const FlowDirection& direction, std::vector<double>& d);
  void adjoint_step(std::size_t leg, std::size_t i, std::span<const double> rho0,
                    const Stages& stages, std::vector<double>& lambda, FlowGradient& gradient);
  void add_source(const FaceRates& rates, std::span<const double> rho, double c,
                  const FlowDirection& direction, std::span<double> b);
  void add_gradient(const FaceRates& rates, std::span<const double> rho, double c,
                    std::span<const double> mu, FlowGradient& gradient);
  void solve(TransportPair& pair, bool transposed, std::span<const double> b,
             std::vector<double>& x);

  Generator& generator;
  const Mesh& mesh;
  std::vector<std::vector<double>> legs;
  LinearFlowOptions options;
  std::size_t every = 1;                   ///< steps of a segment
  bool keep_all = true;                    ///< segments; else only where they start
  bool keep_rates = false;                 ///< of limited steps
  std::vector<std::vector<Segment>> kept;  ///< per leg
  Segment again;                           ///< the one solved again last
  std::vector<std::vector<std::vector<double>>> frozen;
  FaceRates rates;  ///< of all steps, or of the limited step last asked for
  std::vector<std::vector<FaceRates>> step_rates;
  long version = -1;                                       ///< of the generator, of `rates`
  std::pair<std::size_t, std::size_t> rates_of, pair_of;   ///< leg and step
  std::map<double, std::unique_ptr<TransportPair>> pairs;  ///< by c
  std::map<double, bool> pair_ready;
  long solves = 0;
  std::vector<double> faces, work;  ///< scratch

  static constexpr std::size_t none = std::size_t(-1);
  void forget_rates() {
    version = -1;
    rates_of = pair_of = {none, none};
    for (auto& [c, ready] : pair_ready) ready = false;
    for (auto& leg : step_rates) {
      for (FaceRates& r : leg) r.forward.clear();
    }
  }
};

LinearFlow::Impl::Impl(Generator& g, std::vector<std::vector<double>> steps,
                       const LinearFlowOptions& o)
    : generator(g), mesh(g.mesh()), legs(std::move(steps)), options(o) {
  std::size_t count = 0, longest = 1;
  for (const auto& leg : legs) {
    count += leg.size();
    longest = std::max(longest, leg.size());
  }
  const std::size_t field = sizeof(double) * std::size_t(mesh.local());
  const std::size_t stages = options.scheme == LinearScheme::implicit_euler ? 1 : 2;
  const auto over = [&](std::size_t bytes) { return mesh.comm.any(bytes > options.memory); };
  keep_all = !over(count * stages * field);
  every = keep_all ? longest : std::size_t(std::ceil(std::sqrt(double(longest))));
  const std::size_t of_rates = 6 * sizeof(double) * std::size_t(mesh.faces.size());
  keep_rates = g.flux().limited() && !over(count * of_rates);
  kept.resize(legs.size());
  step_rates.resize(legs.size());
  if (keep_rates) {
    for (std::size_t l = 0; l < legs.size(); ++l) step_rates[l].resize(legs[l].size());
  }
  forget_rates();
}

/// Of the step's frozen density, or of `rho0` where none is frozen yet.
const FaceRates& LinearFlow::Impl::rates_at(std::size_t leg, std::size_t step,
                                            std::span<const double> rho0) {
  if (!generator.flux().limited()) {
    if (version != generator.version()) rates = face_rates(generator);
    version = generator.version();
    return rates;
  }
  if (keep_rates && !step_rates[leg][step].forward.empty()) return step_rates[leg][step];
  if (rates_of == std::pair{leg, step}) return rates;
  const bool is_frozen = !frozen.empty();
  generator.limit(is_frozen ? std::span<const double>(frozen[leg][step]) : rho0);
  if (keep_rates) return step_rates[leg][step] = face_rates(generator);
  rates = face_rates(generator);
  rates_of = {leg, step};
  return rates;
}

TransportPair& LinearFlow::Impl::pair_at(std::size_t leg, std::size_t step, const FaceRates& r) {
  const double c = shift(legs[leg][step]);
  const bool limited = generator.flux().limited();
  const double key = limited ? 0 : c;
  auto& pair = pairs[key];
  if (!pair) {
    pair = std::make_unique<TransportPair>(mesh, TransportPairOptions{.rtol = options.rtol});
  }
  const bool same = limited ? pair_of == std::pair{leg, step} : pair_ready[key];
  if (!same) {
    pair->set(c, r);
    pair_ready[key] = true;
    pair_of = {leg, step};
  }
  return *pair;
}

/// Ghosts of x are filled.
void LinearFlow::Impl::solve(TransportPair& pair, bool transposed, std::span<const double> b,
                             std::vector<double>& x) {
  x.resize(std::size_t(mesh.local()));
  if (transposed) {
    pair.solve_transposed(b, owned(x));
  } else {
    pair.solve(b, owned(x));
  }
  ++solves;
  mesh.halo.update(mesh.comm, x);
}

void LinearFlow::Impl::step(std::size_t leg, std::size_t i, std::span<const double> rho0,
                            Stages& stages) {
  const FaceRates& r = rates_at(leg, i, rho0);
  TransportPair& pair = pair_at(leg, i, r);
  const double c = shift(legs[leg][i]);
  const auto n = std::size_t(mesh.owned);
  work.resize(n);
  for (std::size_t k = 0; k < n; ++k) work[k] = mesh.volume[k] * rho0[k];
  if (options.scheme == LinearScheme::implicit_euler) {
    return solve(pair, false, work, stages.end);
  }
  faces.resize(r.forward.size());
  face_fluxes(mesh, r.forward, r.backward, rho0, faces);
  add_divergence(mesh, -c, faces, work);
  solve(pair, false, work, stages.middle);
  for (std::size_t k = 0; k < n; ++k) {
    work[k] = mesh.volume[k] * (alpha * stages.middle[k] - beta * rho0[k]);
  }
  solve(pair, false, work, stages.end);
}

/// From memory, or solved again.
const Segment& LinearFlow::Impl::segment(std::size_t leg, std::size_t first) {
  const Segment& stored = kept[leg][first / every];
  if (keep_all) return stored;
  if (again.leg == leg && again.first == first && !again.steps.empty()) return again;
  again = {leg, first, stored.start, {}};
  const std::size_t last = std::min(first + every, legs[leg].size());
  again.steps.resize(last - first);
  for (std::size_t i = first; i < last; ++i) {
    step(leg, i, i == first ? again.start : again.steps[i - first - 1].end, again.steps[i - first]);
  }
  return again;
}

/// b -= c div(dF).
void LinearFlow::Impl::add_source(const FaceRates& r, std::span<const double> rho, double c,
                                  const FlowDirection& direction, std::span<double> b) {
  faces.resize(r.forward.size());
  if (!direction.rise.empty()) {
    face_fluxes(mesh, r.forward_rise, r.backward_rise, rho, faces);
    for (std::size_t f = 0; f < faces.size(); ++f) faces[f] *= direction.rise[f];
    add_divergence(mesh, -c, faces, b);
  }
  if (direction.kT != 0) {
    face_fluxes(mesh, r.forward_kT, r.backward_kT, rho, faces);
    add_divergence(mesh, -c * direction.kT, faces, b);
  }
}

void LinearFlow::Impl::add_gradient(const FaceRates& r, std::span<const double> rho, double c,
                                    std::span<const double> mu, FlowGradient& gradient) {
  faces.resize(r.forward.size());
  gradient.rise.resize(faces.size());
  const auto fall = [&](std::size_t f) {
    return mu[std::size_t(mesh.faces.left[f])] - mu[std::size_t(mesh.faces.right[f])];
  };
  face_fluxes(mesh, r.forward_rise, r.backward_rise, rho, faces);
  for (std::size_t f = 0; f < faces.size(); ++f) gradient.rise[f] -= c * faces[f] * fall(f);
  face_fluxes(mesh, r.forward_kT, r.backward_kT, rho, faces);
  for (std::size_t f = 0; f < faces.size(); ++f) {
    if (mesh.faces.left[f] < mesh.owned) gradient.kT -= c * faces[f] * fall(f);
  }
}

namespace {

std::vector<double> sum(std::span<const double> a, std::span<const double> b) {
  std::vector<double> c(a.begin(), a.end());
  for (std::size_t k = 0; k < c.size(); ++k) c[k] += b[k];
  return c;
}

}  // namespace

/// `d`: owned + ghosts, ghosts up to date.
void LinearFlow::Impl::tangent_step(std::size_t leg, std::size_t i, std::span<const double> rho0,
                                    const Stages& stages, const FlowDirection& direction,
                                    std::vector<double>& d) {
  const FaceRates& r = rates_at(leg, i, rho0);
  TransportPair& pair = pair_at(leg, i, r);
  const double c = shift(legs[leg][i]);
  const auto n = std::size_t(mesh.owned);
  std::vector<double> b(n), middle;
  for (std::size_t k = 0; k < n; ++k) b[k] = mesh.volume[k] * d[k];
  if (options.scheme == LinearScheme::tr_bdf2) {
    faces.resize(r.forward.size());
    face_fluxes(mesh, r.forward, r.backward, d, faces);
    add_divergence(mesh, -c, faces, b);
    add_source(r, sum(rho0, stages.middle), c, direction, b);
    solve(pair, false, b, middle);
    for (std::size_t k = 0; k < n; ++k) {
      b[k] = mesh.volume[k] * (alpha * middle[k] - beta * d[k]);
    }
  }
  add_source(r, stages.end, c, direction, b);
  solve(pair, false, b, d);
}

/// `lambda`: owned values.
void LinearFlow::Impl::adjoint_step(std::size_t leg, std::size_t i, std::span<const double> rho0,
                                    const Stages& stages, std::vector<double>& lambda,
                                    FlowGradient& gradient) {
  const FaceRates& r = rates_at(leg, i, rho0);
  TransportPair& pair = pair_at(leg, i, r);
  const double c = shift(legs[leg][i]);
  const auto n = std::size_t(mesh.owned);
  std::vector<double> mu2, mu1, b(n);
  solve(pair, true, lambda, mu2);
  add_gradient(r, stages.end, c, mu2, gradient);
  for (std::size_t k = 0; k < n; ++k) lambda[k] = mesh.volume[k] * mu2[k];
  if (options.scheme == LinearScheme::implicit_euler) return;
  for (std::size_t k = 0; k < n; ++k) b[k] = alpha * lambda[k];
  solve(pair, true, b, mu1);
  add_gradient(r, sum(rho0, stages.middle), c, mu1, gradient);
  for (std::size_t k = 0; k < n; ++k) lambda[k] = mesh.volume[k] * mu1[k] - beta * lambda[k];
  add_transposed(mesh, -c, r, mu1, lambda);
}

LinearFlow::LinearFlow(Generator& generator, std::vector<std::vector<double>> legs,
                       const LinearFlowOptions& options)
    : impl_(std::make_unique<Impl>(generator, std::move(legs), options)) {
  (void)face_rates(generator);  // refuses what has no derivatives
}

LinearFlow::~LinearFlow() = default;

std::size_t LinearFlow::legs() const { return impl_->legs.size(); }

long LinearFlow::solves() const { return impl_->solves; }

std::vector<std::vector<std::vector<double>>>& LinearFlow::frozen() { return impl_->frozen; }

void LinearFlow::set(std::span<const double> V, double kT) {
  impl_->generator.set_external(V, kT);
  impl_->forget_rates();
}

std::vector<double> LinearFlow::solve(std::size_t leg, std::span<const double> rho0) {
  Impl& o = *impl_;
  o.again.steps.clear();
  auto& segments = o.kept[leg];
  segments.clear();
  std::vector<double> rho(rho0.begin(), rho0.end());
  const std::size_t count = o.legs[leg].size();
  for (std::size_t first = 0; first < count; first += o.every) {
    segments.push_back({leg, first, rho, {}});
    const std::size_t last = std::min(first + o.every, count);
    if (o.keep_all) segments.back().steps.resize(last - first);
    for (std::size_t i = first; i < last; ++i) {
      Stages stages;
      o.step(leg, i, rho, stages);
      rho = stages.end;
      if (o.keep_all) segments.back().steps[i - first] = std::move(stages);
    }
  }
  return rho;
}

void LinearFlow::refresh() {
  Impl& o = *impl_;
  if (!o.generator.flux().limited()) return;
  std::vector<std::vector<std::vector<double>>> fresh(o.legs.size());
  for (std::size_t l = 0; l < o.legs.size(); ++l) {
    for (std::size_t first = 0; first < o.legs[l].size(); first += o.every) {
      const Segment& s = o.segment(l, first);
      for (std::size_t i = 0; i < s.steps.size(); ++i) {
        fresh[l].push_back(sum(i == 0 ? s.start : s.steps[i - 1].end, s.steps[i].end));
        for (double& x : fresh[l].back()) x *= 0.5;
      }
    }
  }
  o.frozen = std::move(fresh);
  o.forget_rates();
}

std::vector<double> LinearFlow::time_integral(std::size_t leg) {
  Impl& o = *impl_;
  std::vector<double> R(std::size_t(o.mesh.owned), 0.0);
  for (std::size_t first = 0; first < o.legs[leg].size(); first += o.every) {
    const Segment& s = o.segment(leg, first);
    for (std::size_t i = 0; i < s.steps.size(); ++i) {
      const auto& rho0 = i == 0 ? s.start : s.steps[i - 1].end;
      const double half = 0.5 * o.legs[leg][first + i];
      for (std::size_t k = 0; k < R.size(); ++k) R[k] += half * (rho0[k] + s.steps[i].end[k]);
    }
  }
  return R;
}

void LinearFlow::tangent(std::size_t leg, const FlowDirection& direction, std::span<double> d) {
  Impl& o = *impl_;
  std::vector<double> change(std::size_t(o.mesh.local()), 0.0);
  std::ranges::copy(d, change.begin());
  o.mesh.halo.update(o.mesh.comm, change);
  for (std::size_t first = 0; first < o.legs[leg].size(); first += o.every) {
    const Segment& s = o.segment(leg, first);
    for (std::size_t i = 0; i < s.steps.size(); ++i) {
      o.tangent_step(leg, first + i, i == 0 ? s.start : s.steps[i - 1].end, s.steps[i], direction,
                     change);
    }
  }
  std::copy_n(change.begin(), d.size(), d.begin());
}

void LinearFlow::adjoint(std::size_t leg, std::span<double> lambda, FlowGradient& gradient) {
  Impl& o = *impl_;
  gradient.rise.resize(std::size_t(o.mesh.faces.size()));
  std::vector<double> work(lambda.begin(), lambda.end());
  const std::size_t count = o.legs[leg].size();
  for (std::size_t end = count; end > 0;) {
    const std::size_t first = (end - 1) / o.every * o.every;
    const Segment& s = o.segment(leg, first);
    for (std::size_t i = end - first; i-- > 0;) {
      o.adjoint_step(leg, first + i, i == 0 ? s.start : s.steps[i - 1].end, s.steps[i], work,
                     gradient);
    }
    end = first;
  }
  std::ranges::copy(work, lambda.begin());
}

void add_cell_gradient(const Mesh& mesh, std::span<const double> of_rise, std::span<double> of_V) {
  add_divergence(mesh, -1, of_rise, of_V);
}

std::vector<double> rises_of(const Mesh& mesh, std::span<const double> V) {
  std::vector<double> rise(std::size_t(mesh.faces.size()));
  for (std::size_t f = 0; f < rise.size(); ++f) {
    rise[f] = V[std::size_t(mesh.faces.right[f])] - V[std::size_t(mesh.faces.left[f])];
  }
  return rise;
}

}  // namespace otto
