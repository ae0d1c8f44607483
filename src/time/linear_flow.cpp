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

/// What a step starts from: its density and the one a step before, empty in the first step of a leg.
struct Start {
  std::span<const double> rho, before;
  double ratio = 0.5;  ///< half this step over the one before
};

/// Consecutive steps of a leg, with the densities they start from.
struct Segment {
  std::size_t leg = 0, first = 0;
  std::vector<double> start, before;
  std::vector<Stages> steps;

  [[nodiscard]] Start at(std::size_t i) const {
    if (i == 0) return {start, before};
    return {steps[i - 1].end, i == 1 ? start : steps[i - 2].end};
  }
};

/// Of rho^ in the present density; 1 less that in the one before.
double present_share(const Start& at) { return at.before.empty() ? 1 : 1 + at.ratio; }

std::vector<double> sum(std::span<const double> a, std::span<const double> b) {
  std::vector<double> c(a.begin(), a.end());
  for (std::size_t k = 0; k < c.size(); ++k) c[k] += b[k];
  return c;
}

/// Changes, or cotangents, of the density now and a step before.
struct Change {
  std::vector<double> now, before;
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
  [[nodiscard]] bool varies() const { return generator.flux().limited() || W; }
  [[nodiscard]] std::vector<double> extrapolated(const Start& at) const;
  [[nodiscard]] std::vector<double> field(const Interaction& W, std::span<const double> rho) const;
  void set_rates(std::size_t leg, std::size_t step, const Start& at);
  const FaceRates& rates_at(std::size_t leg, std::size_t step, const Start& at);
  TransportPair& pair_at(std::size_t leg, std::size_t step, const FaceRates& rates);
  void step(std::size_t leg, std::size_t i, const Start& at, Stages& stages);
  const Segment& segment(std::size_t leg, std::size_t first);
  /// Where step i of a leg starts, in its segment.
  [[nodiscard]] Start start_of(const Segment& s, std::size_t i) const {
    Start at = s.at(i - s.first);
    at.ratio = ratio(s.leg, i);
    return at;
  }
  [[nodiscard]] double ratio(std::size_t leg, std::size_t i) const {
    return i == 0 ? 0.5 : 0.5 * legs[leg][i] / legs[leg][i - 1];
  }
  [[nodiscard]] FlowDirection of_potential(const Start& at, const FlowDirection& direction,
                                           const Change& d, std::vector<double>& rise) const;
  void tangent_step(std::size_t leg, std::size_t i, const Start& at, const Stages& stages,
                    const FlowDirection& direction, Change& d);
  void adjoint_step(std::size_t leg, std::size_t i, const Start& at, const Stages& stages,
                    Change& lambda, FlowGradient& gradient);
  void adjoint_of_interaction(const Start& at, std::span<const double> rise, Change& lambda,
                              FlowGradient& gradient);
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
  bool keep_rates = false;                 ///< of steps whose rates differ
  std::vector<std::vector<Segment>> kept;  ///< per leg
  Segment again;                           ///< the one solved again last
  std::vector<std::vector<std::vector<double>>> frozen;
  std::vector<double> V;  ///< owned + ghosts, without W * rho
  double kT = 0;
  const Interaction* W = nullptr;
  FaceRates rates;  ///< of all steps, or of the step last asked for
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
  keep_rates = !over(count * of_rates);
  kept.resize(legs.size());
  step_rates.resize(legs.size());
  if (keep_rates) {
    for (std::size_t l = 0; l < legs.size(); ++l) step_rates[l].resize(legs[l].size());
  }
  forget_rates();
}

/// rho^ with ghosts.
std::vector<double> LinearFlow::Impl::extrapolated(const Start& at) const {
  std::vector<double> rho(at.rho.begin(), at.rho.end());
  const double share = present_share(at);
  for (std::size_t k = 0; k < at.before.size(); ++k) {
    rho[k] = share * rho[k] + (1 - share) * at.before[k];
  }
  return rho;
}

/// W * rho with ghosts.
std::vector<double> LinearFlow::Impl::field(const Interaction& kernel,
                                            std::span<const double> rho) const {
  std::vector<double> result(std::size_t(mesh.local()));
  const auto n = std::size_t(mesh.owned);
  kernel.potential(rho.first(n), std::span(result).first(n));
  mesh.halo.update(mesh.comm, result);
  return result;
}

/// Ratios at the step's frozen density, or at its start where none is frozen yet.
void LinearFlow::Impl::set_rates(std::size_t leg, std::size_t step, const Start& at) {
  if (W) {
    std::vector<double> potential = field(*W, extrapolated(at));
    for (std::size_t k = 0; k < potential.size(); ++k) potential[k] += V[k];
    generator.set_external(potential, kT);
  }
  if (!generator.flux().limited()) return;
  generator.limit(frozen.empty() ? at.rho : std::span<const double>(frozen[leg][step]));
}

const FaceRates& LinearFlow::Impl::rates_at(std::size_t leg, std::size_t step, const Start& at) {
  if (!varies()) {
    if (version != generator.version()) rates = face_rates(generator);
    version = generator.version();
    return rates;
  }
  if (keep_rates && !step_rates[leg][step].forward.empty()) return step_rates[leg][step];
  if (rates_of == std::pair{leg, step}) return rates;
  set_rates(leg, step, at);
  if (keep_rates) return step_rates[leg][step] = face_rates(generator);
  rates = face_rates(generator);
  rates_of = {leg, step};
  return rates;
}

TransportPair& LinearFlow::Impl::pair_at(std::size_t leg, std::size_t step, const FaceRates& r) {
  const double c = shift(legs[leg][step]);
  const bool own = varies();
  const double key = own ? 0 : c;
  auto& pair = pairs[key];
  if (!pair) {
    pair = std::make_unique<TransportPair>(mesh, TransportPairOptions{.rtol = options.rtol});
  }
  const bool same = own ? pair_of == std::pair{leg, step} : pair_ready[key];
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

void LinearFlow::Impl::step(std::size_t leg, std::size_t i, const Start& at, Stages& stages) {
  const std::span<const double> rho0 = at.rho;
  const FaceRates& r = rates_at(leg, i, at);
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
  again = {leg, first, stored.start, stored.before, {}};
  const std::size_t last = std::min(first + every, legs[leg].size());
  again.steps.resize(last - first);
  for (std::size_t i = first; i < last; ++i) {
    step(leg, i, start_of(again, i), again.steps[i - first]);
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

/// The direction with what the interaction adds to the potential in `rise`.
FlowDirection LinearFlow::Impl::of_potential(const Start& at, const FlowDirection& direction,
                                             const Change& d, std::vector<double>& rise) const {
  if (!direction.interaction && !W) return direction;
  std::vector<double> change(std::size_t(mesh.local()), 0.0);
  const auto add = [&](const std::vector<double>& part) {
    for (std::size_t k = 0; k < change.size(); ++k) change[k] += part[k];
  };
  if (direction.interaction) add(field(*direction.interaction, extrapolated(at)));
  if (W) add(field(*W, extrapolated({d.now, at.before.empty() ? at.before : d.before, at.ratio})));
  rise = rises_of(mesh, change);
  for (std::size_t f = 0; f < direction.rise.size(); ++f) rise[f] += direction.rise[f];
  return {rise, direction.kT};
}

/// `d`: owned + ghosts, ghosts up to date.
void LinearFlow::Impl::tangent_step(std::size_t leg, std::size_t i, const Start& at,
                                    const Stages& stages, const FlowDirection& given, Change& d) {
  const FaceRates& r = rates_at(leg, i, at);
  TransportPair& pair = pair_at(leg, i, r);
  const double c = shift(legs[leg][i]);
  const auto n = std::size_t(mesh.owned);
  std::vector<double> rise;
  const FlowDirection direction = of_potential(at, given, d, rise);
  d.before = d.now;
  std::vector<double> b(n), middle;
  for (std::size_t k = 0; k < n; ++k) b[k] = mesh.volume[k] * d.now[k];
  if (options.scheme == LinearScheme::tr_bdf2) {
    faces.resize(r.forward.size());
    face_fluxes(mesh, r.forward, r.backward, d.now, faces);
    add_divergence(mesh, -c, faces, b);
    add_source(r, sum(at.rho, stages.middle), c, direction, b);
    solve(pair, false, b, middle);
    for (std::size_t k = 0; k < n; ++k) {
      b[k] = mesh.volume[k] * (alpha * middle[k] - beta * d.now[k]);
    }
  }
  add_source(r, stages.end, c, direction, b);
  solve(pair, false, b, d.now);
}

/// `rise`: the cotangent of a step's rises. To the densities of rho^, and to dW.
void LinearFlow::Impl::adjoint_of_interaction(const Start& at, std::span<const double> rise,
                                              Change& lambda, FlowGradient& gradient) {
  if (!gradient.pairs && !W) return;
  const auto n = std::size_t(mesh.owned);
  std::vector<double> of_V(n, 0.0), y(n);
  add_cell_gradient(mesh, rise, of_V);
  if (gradient.pairs) gradient.pairs->add(of_V, std::span<const double>(extrapolated(at)).first(n));
  if (!W) return;
  for (std::size_t k = 0; k < n; ++k) of_V[k] /= mesh.volume[k];
  W->potential(of_V, y);
  const double share = present_share(at);
  for (std::size_t k = 0; k < n; ++k) {
    y[k] *= mesh.volume[k];
    lambda.now[k] += share * y[k] + lambda.before[k];
    lambda.before[k] = (1 - share) * y[k];
  }
}

/// `lambda`: owned values; `before` what later steps have sent to the density a step before this one's start.
void LinearFlow::Impl::adjoint_step(std::size_t leg, std::size_t i, const Start& at,
                                    const Stages& stages, Change& lambda, FlowGradient& gradient) {
  const FaceRates& r = rates_at(leg, i, at);
  TransportPair& pair = pair_at(leg, i, r);
  const double c = shift(legs[leg][i]);
  const auto n = std::size_t(mesh.owned);
  std::vector<double> mu2, mu1, b(n);
  FlowGradient own;
  solve(pair, true, lambda.now, mu2);
  add_gradient(r, stages.end, c, mu2, own);
  for (std::size_t k = 0; k < n; ++k) lambda.now[k] = mesh.volume[k] * mu2[k];
  if (options.scheme == LinearScheme::tr_bdf2) {
    for (std::size_t k = 0; k < n; ++k) b[k] = alpha * lambda.now[k];
    solve(pair, true, b, mu1);
    add_gradient(r, sum(at.rho, stages.middle), c, mu1, own);
    for (std::size_t k = 0; k < n; ++k) {
      lambda.now[k] = mesh.volume[k] * mu1[k] - beta * lambda.now[k];
    }
    add_transposed(mesh, -c, r, mu1, lambda.now);
  }
  for (std::size_t f = 0; f < own.rise.size(); ++f) gradient.rise[f] += own.rise[f];
  gradient.kT += own.kT;
  adjoint_of_interaction(at, own.rise, lambda, gradient);
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

void LinearFlow::set(std::span<const double> V, double kT, const Interaction* W) {
  impl_->V.assign(V.begin(), V.end());
  impl_->kT = kT;
  impl_->W = W;
  impl_->generator.set_external(V, kT);
  impl_->forget_rates();
}

std::vector<double> LinearFlow::solve(std::size_t leg, std::span<const double> rho0) {
  Impl& o = *impl_;
  o.again.steps.clear();
  auto& segments = o.kept[leg];
  segments.clear();
  std::vector<double> rho(rho0.begin(), rho0.end()), before;
  const std::size_t count = o.legs[leg].size();
  for (std::size_t first = 0; first < count; first += o.every) {
    segments.push_back({leg, first, rho, before, {}});
    const std::size_t last = std::min(first + o.every, count);
    if (o.keep_all) segments.back().steps.resize(last - first);
    for (std::size_t i = first; i < last; ++i) {
      Stages stages;
      o.step(leg, i, {rho, before, o.ratio(leg, i)}, stages);
      before = std::exchange(rho, stages.end);
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
  Change change{std::vector<double>(std::size_t(o.mesh.local()), 0.0), {}};
  std::ranges::copy(d, change.now.begin());
  o.mesh.halo.update(o.mesh.comm, change.now);
  for (std::size_t first = 0; first < o.legs[leg].size(); first += o.every) {
    const Segment& s = o.segment(leg, first);
    for (std::size_t i = 0; i < s.steps.size(); ++i) {
      o.tangent_step(leg, first + i, o.start_of(s, first + i), s.steps[i], direction, change);
    }
  }
  std::copy_n(change.now.begin(), d.size(), d.begin());
}

void LinearFlow::adjoint(std::size_t leg, std::span<double> lambda, FlowGradient& gradient) {
  Impl& o = *impl_;
  gradient.rise.resize(std::size_t(o.mesh.faces.size()));
  Change work{{lambda.begin(), lambda.end()}, std::vector<double>(lambda.size(), 0.0)};
  const std::size_t count = o.legs[leg].size();
  for (std::size_t end = count; end > 0;) {
    const std::size_t first = (end - 1) / o.every * o.every;
    const Segment& s = o.segment(leg, first);
    for (std::size_t i = end - first; i-- > 0;) {
      o.adjoint_step(leg, first + i, o.start_of(s, first + i), s.steps[i], work, gradient);
    }
    end = first;
  }
  std::ranges::copy(work.now, lambda.begin());
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
