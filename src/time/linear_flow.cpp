#include "otto/time/linear_flow.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "flow_rates.h"
#include "flow_stages.h"
#include "otto/operators/face_runs.h"
#include "reversible_solver.h"
#include "tr_bdf2_stages.h"

namespace otto {

namespace {

constexpr double alpha = TrBdf2Stages::alpha, beta = alpha - 1, half_gamma = TrBdf2Stages::d;

std::vector<double> sum(std::span<const double> a, std::span<const double> b) {
  std::vector<double> c(a.begin(), a.end());
  for (std::size_t k = 0; k < c.size(); ++k) c[k] += b[k];
  return c;
}

/// A step and its rates.
struct Place {
  std::size_t leg, step;
  const FaceRates& rates;
  double rtol;
};

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
  [[nodiscard]] std::vector<std::size_t> count_segments(std::size_t room, std::size_t stages) const;
  void make_solver();
  TransportPair& pair_at(const Place& at);
  void step(std::size_t leg, std::size_t i, const Start& at, Stages& stages, Sweep& sweep,
            bool end_known = false);
  SolvedSegment segment(std::size_t leg, std::size_t number);
  void propose(std::size_t leg, std::size_t i, const std::vector<TimedField>& known,
               Sweep& sweep) const;
  /// Where step i of a leg starts, in its segment.
  [[nodiscard]] Start start_of(const SolvedSegment& s, std::size_t i) const {
    Start at = s.at(i - s.kept.first);
    at.ratio = ratio(s.kept.leg, i);
    return at;
  }
  [[nodiscard]] double ratio(std::size_t leg, std::size_t i) const {
    return i == 0 ? 0.5 : 0.5 * legs[leg][i] / legs[leg][i - 1];
  }
  [[nodiscard]] FlowDirection of_potential(const Start& at, const FlowDirection& direction,
                                           const Change& d, std::vector<double>& rise) const;
  void tangent_step(std::size_t leg, std::size_t i, const Start& at, const Stages& stages,
                    const FlowDirection& direction, Change& d, Sweep& sweep);
  void adjoint_step(std::size_t leg, std::size_t i, const Start& at, const Stages& stages,
                    Change& lambda, FlowGradient& gradient, Sweep& sweep);
  void adjoint_of_interaction(const Start& at, std::span<const double> rise, Change& lambda,
                              FlowGradient& gradient);
  void add_source(const FaceRates& rates, std::span<const double> rho, double c,
                  const FlowDirection& direction, std::span<double> b);
  void add_gradient(const FaceRates& rates, FlowGradient& gradient);
  enum class Way { forward, transposed };
  void solve(const Place& at, Way way, std::span<const double> b, StepGuess& guess,
             std::vector<double>& x, std::span<const double> first = {});

  Generator& generator;
  const Mesh& mesh;
  std::vector<std::vector<double>> legs,
      times;  ///< `times`: where the steps of a leg begin, and the last one ends
  LinearFlowOptions options;
  std::vector<std::size_t> segments;             ///< of each leg
  bool keep_all = true;                          ///< segments; else only where they start
  std::vector<std::vector<Segment>> kept;        ///< per leg
  std::vector<Stages> again;                     ///< of the segment solved again last
  std::pair<std::size_t, std::size_t> again_of;  ///< its leg and first step
  FlowRates rates;
  std::pair<std::size_t, std::size_t> pair_of;             ///< leg and step
  std::map<double, std::unique_ptr<TransportPair>> pairs;  ///< by c
  std::map<double, bool> pair_ready;
  std::unique_ptr<ReversibleSolver> reversible;  ///< in place of the pairs; null: not one for it
  long solves = 0;
  StageTerms terms;
  std::vector<double> faces, work;  ///< scratch

  static constexpr std::size_t none = std::size_t(-1);
  /// After a change of V or of what ratios are frozen at.
  void forget_pairs() {
    pair_of = {none, none};
    for (auto& [c, ready] : pair_ready) ready = false;
  }
};

/// Segments of each leg, of at most k steps: with the least k for which the densities where they start and the stages of
/// one are no more than `room` fields, or than min_kept sqrt(steps), and with as many as this leaves room for; or, where no
/// k is small enough, with the one of the fewest fields.
std::vector<std::size_t> LinearFlow::Impl::count_segments(std::size_t room,
                                                          std::size_t stages) const {
  std::size_t count = 0, longest = 1;
  for (const auto& leg : legs) count += leg.size(), longest = std::max(longest, leg.size());
  room = std::max(room, std::size_t(options.min_kept * std::sqrt(double(count))));
  const auto fields = [&](std::size_t k) {
    std::size_t sum = stages * k;
    for (const auto& leg : legs) sum += (leg.size() + k - 1) / k;
    return sum;
  };
  std::size_t best = 1;
  for (std::size_t k = 1; k <= longest && fields(best) > room; ++k) {
    if (fields(k) < fields(best)) best = k;
  }
  const std::size_t more = room - std::min(room, fields(best));
  std::vector<std::size_t> counts;
  for (const auto& leg : legs) {
    counts.push_back(
        std::min(leg.size(), (leg.size() + best - 1) / best + more * leg.size() / count));
  }
  return counts;
}

void LinearFlow::Impl::make_solver() {
  const ReversibleOptions of_solver;
  reversible.reset();
  if (rates.varies() || !ReversibleSolver::serves(generator, of_solver)) return;
  reversible = std::make_unique<ReversibleSolver>(generator, of_solver);
}

LinearFlow::Impl::Impl(Generator& g, std::vector<std::vector<double>> steps,
                       const LinearFlowOptions& o)
    : generator(g), mesh(g.mesh()), legs(std::move(steps)), options(o), rates(g, legs, o.memory) {
  std::size_t count = 0;
  for (const auto& leg : legs) {
    count += leg.size();
    times.emplace_back(leg.size() + 1, 0.0);
    std::partial_sum(leg.begin(), leg.end(), times.back().begin() + 1);
  }
  const std::size_t field = sizeof(double) * std::max<std::size_t>(1, std::size_t(mesh.local()));
  const std::size_t stages = options.scheme == LinearScheme::implicit_euler ? 1 : 2;
  const auto room = -std::size_t(mesh.comm.max(-std::int64_t(options.memory / field)));
  keep_all = count * stages <= room;
  segments = keep_all ? std::vector<std::size_t>(legs.size(), 1) : count_segments(room, stages);
  kept.resize(legs.size());
  again_of = {none, none};
  forget_pairs();
}

TransportPair& LinearFlow::Impl::pair_at(const Place& at) {
  const double c = shift(legs[at.leg][at.step]);
  const bool own = rates.varies();
  const double key = own ? 0 : c;
  auto& pair = pairs[key];
  if (!pair) {
    pair = std::make_unique<TransportPair>(mesh, TransportPairOptions{.rtol = options.rtol});
  }
  const bool same = own ? pair_of == std::pair{at.leg, at.step} : pair_ready[key];
  if (!same) {
    pair->set(c, at.rates);
    pair_ready[key] = true;
    pair_of = {at.leg, at.step};
  }
  return *pair;
}

/// x of the step's matrix, or its transpose; ghosts are filled. Where `guess` has no past, `first` is the start.
void LinearFlow::Impl::solve(const Place& at, Way way, std::span<const double> b, StepGuess& guess,
                             std::vector<double>& x, std::span<const double> first) {
  x.resize(std::size_t(mesh.local()));
  ++solves;
  if (reversible) {
    const double c = shift(legs[at.leg][at.step]);
    if (guess.empty()) std::ranges::copy(first, x.begin());
    const bool solved = way == Way::forward ? reversible->solve(c, b, guess, owned(x), at.rtol)
                                            : reversible->solve_transposed(c, b, guess, x, at.rtol);
    if (!solved) reversible.reset();
  }
  if (!reversible) {
    TransportPair& pair = pair_at(at);
    bool known = pair.takes_guesses() && guess.next(owned(x));
    if (!known && pair.takes_guesses() && !first.empty()) {
      std::ranges::copy(first.first(b.size()), x.begin());
      known = true;
    }
    if (way == Way::forward) {
      pair.solve(b, owned(x), known);
    } else {
      pair.solve_transposed(b, owned(x), known);
    }
    if (pair.takes_guesses()) guess.add(owned(x));
  }
  mesh.halo.update(mesh.comm, x);
}

void LinearFlow::Impl::step(std::size_t leg, std::size_t i, const Start& at, Stages& stages,
                            Sweep& sweep, bool end_known) {
  sweep.of_step(legs[leg][i]);
  const std::span<const double> rho0 = at.rho;
  const FaceRates& r = rates.at(leg, i, at);
  const Place place{leg, i, r, sweep.rtol};
  const auto n = std::size_t(mesh.owned);
  work.resize(n);
  for (std::size_t k = 0; k < n; ++k) work[k] = mesh.volume[k] * rho0[k];
  if (options.scheme == LinearScheme::tr_bdf2) {
    faces.resize(r.forward.size());
    face_fluxes(mesh, r.forward, r.backward, rho0, faces);
    add_divergence(mesh, -shift(legs[leg][i]), faces, work);
    solve(place, Way::forward, work, sweep.middle, stages.middle, rho0);
    for (std::size_t k = 0; k < n; ++k) {
      work[k] = mesh.volume[k] * (alpha * stages.middle[k] - beta * rho0[k]);
    }
  }
  if (end_known) return;
  solve(place, Way::forward, work, sweep.end, stages.end, rho0);
}

/// From memory, or solved again. Stays until the next call.
SolvedSegment LinearFlow::Impl::segment(std::size_t leg, std::size_t number) {
  const Segment& stored = kept[leg][number];
  if (!stored.steps.empty()) return {stored, stored.steps};
  const SolvedSegment result{stored, std::span(again).first(stored.count)};
  if (again_of == std::pair{leg, stored.first}) return result;
  again_of = {leg, stored.first};
  const bool last = number + 1 == kept[leg].size();
  if (!last) again[stored.count - 1].end = kept[leg][number + 1].start;
  Sweep sweep(mesh.comm, options.again * options.rtol);
  std::vector<TimedField> known;
  for (const Segment& s : kept[leg]) known.push_back({times[leg][s.first], &s.start});
  for (std::size_t i = 0; i < stored.count; ++i) {
    const std::size_t at = stored.first + i;
    const bool end_known = !last && i + 1 == stored.count;
    propose(leg, at, known, sweep);
    step(leg, at, start_of(result, at), again[i], sweep, end_known);
    known.push_back({times[leg][at + 1], &again[i].end});
  }
  return result;
}

/// Guesses of step i from densities of the leg at other times.
void LinearFlow::Impl::propose(std::size_t leg, std::size_t i, const std::vector<TimedField>& known,
                               Sweep& sweep) const {
  const double begin = times[leg][i], end = times[leg][i + 1];
  const auto near = [&](double t) {
    std::vector<TimedField> nodes = known;
    std::ranges::sort(nodes, {}, [t](const TimedField& node) { return std::abs(node.time - t); });
    nodes.resize(std::min(nodes.size(), options.nodes));
    return nodes;
  };
  sweep.end.propose(near(end), end);
  const double middle = begin + 2 * half_gamma * (end - begin);
  if (options.scheme == LinearScheme::tr_bdf2) sweep.middle.propose(near(middle), middle);
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

/// g -= c (dF/d rise, dF/d kT) (mu_K - mu_L), summed over the terms, which have these rates and are gone then.
void LinearFlow::Impl::add_gradient(const FaceRates& r, FlowGradient& gradient) {
  constexpr std::int32_t block = 256;  // faces at a time, whose rates stay in the cache
  gradient.rise.resize(r.forward.size());
  for (const FaceRun& run : generator.runs()) {
    double of_kT = 0;
    for (std::int32_t begin = 0; begin < run.count; begin += block) {
      const std::int32_t count = std::min(block, run.count - begin);
      const auto f = std::size_t(run.first + begin), K = std::size_t(run.left + begin),
                 L = std::size_t(run.right + begin);
      const double *left_rise = &r.forward_rise[f], *right_rise = &r.backward_rise[f];
      const double *left_kT = &r.forward_kT[f], *right_kT = &r.backward_kT[f];
      double* rise = &gradient.rise[f];
      for (std::size_t j = 0; j < terms.size(); ++j) {
        const StageTerm& t = terms[j];
        const double *rho_K = &t.rho[K], *rho_L = &t.rho[L], *mu_K = &t.mu[K], *mu_L = &t.mu[L];
#pragma omp simd reduction(+ : of_kT)
        for (std::int32_t i = 0; i < count; ++i) {
          const double fall = t.c * (mu_K[i] - mu_L[i]);
          rise[i] -= (left_rise[i] * rho_K[i] - right_rise[i] * rho_L[i]) * fall;
          of_kT += (left_kT[i] * rho_K[i] - right_kT[i] * rho_L[i]) * fall;
        }
      }
    }
    if (run.left_owned) gradient.kT -= of_kT;
  }
  terms.clear();
}

/// The direction with what the interaction adds to the potential in `rise`.
FlowDirection LinearFlow::Impl::of_potential(const Start& at, const FlowDirection& direction,
                                             const Change& d, std::vector<double>& rise) const {
  const Interaction* W = rates.W();
  if (!direction.interaction && !W) return direction;
  std::vector<double> change(std::size_t(mesh.local()), 0.0);
  const auto add = [&](const std::vector<double>& part) {
    for (std::size_t k = 0; k < change.size(); ++k) change[k] += part[k];
  };
  if (direction.interaction) add(field_of(mesh, *direction.interaction, extrapolated(at)));
  if (W)
    add(field_of(mesh, *W,
                 extrapolated({d.now, at.before.empty() ? at.before : d.before, at.ratio})));
  rise = rises_of(mesh, change);
  for (std::size_t f = 0; f < direction.rise.size(); ++f) rise[f] += direction.rise[f];
  return {rise, direction.kT};
}

/// `d`: owned + ghosts, ghosts up to date.
void LinearFlow::Impl::tangent_step(std::size_t leg, std::size_t i, const Start& at,
                                    const Stages& stages, const FlowDirection& given, Change& d,
                                    Sweep& sweep) {
  sweep.of_step(legs[leg][i]);
  const FaceRates& r = rates.at(leg, i, at);
  const Place place{leg, i, r, sweep.rtol};
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
    solve(place, Way::forward, b, sweep.middle, middle);
    for (std::size_t k = 0; k < n; ++k) {
      b[k] = mesh.volume[k] * (alpha * middle[k] - beta * d.now[k]);
    }
  }
  add_source(r, stages.end, c, direction, b);
  solve(place, Way::forward, b, sweep.end, d.now);
}

/// `rise`: the cotangent of a step's rises. To the densities of rho^, and to dW.
void LinearFlow::Impl::adjoint_of_interaction(const Start& at, std::span<const double> rise,
                                              Change& lambda, FlowGradient& gradient) {
  const auto n = std::size_t(mesh.owned);
  std::vector<double> of_V(n, 0.0), y(n);
  add_cell_gradient(mesh, rise, of_V);
  if (gradient.pairs) gradient.pairs->add(of_V, std::span<const double>(extrapolated(at)).first(n));
  const Interaction* W = rates.W();
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
                                    const Stages& stages, Change& lambda, FlowGradient& gradient,
                                    Sweep& sweep) {
  sweep.of_step(legs[leg][i]);
  const FaceRates& r = rates.at(leg, i, at);
  const Place place{leg, i, r, sweep.rtol};
  const double c = shift(legs[leg][i]);
  const auto n = std::size_t(mesh.owned);
  std::vector<double>& mu2 = terms.add(c, stages.end);
  solve(place, Way::transposed, lambda.now, sweep.end, mu2);
  for (std::size_t k = 0; k < n; ++k) lambda.now[k] = mesh.volume[k] * mu2[k];
  if (options.scheme == LinearScheme::tr_bdf2) {
    work.resize(n);
    for (std::size_t k = 0; k < n; ++k) work[k] = alpha * lambda.now[k];
    std::vector<double>& mu1 = terms.add(c, at.rho, stages.middle);
    solve(place, Way::transposed, work, sweep.middle, mu1);
    for (std::size_t k = 0; k < n; ++k) {
      lambda.now[k] = mesh.volume[k] * mu1[k] - beta * lambda.now[k];
    }
    add_transposed(mesh, -c, r, mu1, lambda.now);
  }
  if (rates.W() || gradient.pairs) {  // the step's own rises are asked for
    FlowGradient own;
    add_gradient(r, own);
    for (std::size_t f = 0; f < own.rise.size(); ++f) gradient.rise[f] += own.rise[f];
    gradient.kT += own.kT;
    adjoint_of_interaction(at, own.rise, lambda, gradient);
  } else if (rates.varies() || terms.size() >= options.stages) {
    add_gradient(r, gradient);
  }
}

LinearFlow::LinearFlow(Generator& generator, std::vector<std::vector<double>> legs,
                       const LinearFlowOptions& options)
    : impl_(std::make_unique<Impl>(generator, std::move(legs), options)) {
  (void)face_rates(generator);  // refuses what has no derivatives
}

LinearFlow::~LinearFlow() = default;

std::size_t LinearFlow::legs() const { return impl_->legs.size(); }

long LinearFlow::solves() const { return impl_->solves; }

double LinearFlow::rtol() const { return impl_->options.rtol; }

void LinearFlow::set_rtol(double rtol) { impl_->options.rtol = rtol; }

LinearFlow::Densities& LinearFlow::frozen() {
  impl_->rates.forget();
  impl_->forget_pairs();
  return impl_->rates.frozen;
}

void LinearFlow::set(std::span<const double> V, double kT, const Interaction* W) {
  impl_->rates.set(V, kT, W);
  impl_->forget_pairs();
  impl_->make_solver();
}

std::vector<double> LinearFlow::solve(std::size_t leg, std::span<const double> rho0) {
  Impl& o = *impl_;
  auto& segments = o.kept[leg];
  segments.clear();
  o.again_of = {Impl::none, Impl::none};
  std::vector<double> rho(rho0.begin(), rho0.end()), before;
  const std::size_t count = o.legs[leg].size();
  Sweep sweep(o.mesh.comm, o.options.rtol);
  for (std::size_t number = 0; number < o.segments[leg]; ++number) {
    const std::size_t first = number * count / o.segments[leg];
    const std::size_t steps = (number + 1) * count / o.segments[leg] - first;
    segments.push_back({leg, first, steps, rho, before, {}});
    if (o.keep_all) segments.back().steps.resize(steps);
    if (o.again.size() < steps && !o.keep_all) o.again.resize(steps);
    // Those of the last segment stay, which an adjoint asks for first.
    Stages* into = o.keep_all ? segments.back().steps.data() : o.again.data();
    for (std::size_t i = 0; i < steps; ++i) {
      o.step(leg, first + i, {rho, before, o.ratio(leg, first + i)}, into[i], sweep);
      if (o.rates.W()) before = rho;
      rho = into[i].end;
    }
  }
  if (!o.keep_all) o.again_of = {leg, segments.back().first};
  return rho;
}

LinearFlow::Densities LinearFlow::refresh() {
  Impl& o = *impl_;
  if (!o.generator.flux().limited()) return {};
  Densities fresh(o.legs.size());
  for (std::size_t l = 0; l < o.legs.size(); ++l) {
    for (std::size_t number = 0; number < o.kept[l].size(); ++number) {
      const SolvedSegment s = o.segment(l, number);
      for (std::size_t i = 0; i < s.steps.size(); ++i) {
        fresh[l].push_back(sum(i == 0 ? s.kept.start : s.steps[i - 1].end, s.steps[i].end));
        for (double& x : fresh[l].back()) x *= 0.5;
      }
    }
  }
  LinearFlow::Densities before = std::exchange(o.rates.frozen, std::move(fresh));
  o.rates.forget();
  o.forget_pairs();
  return before;
}

FaceRates LinearFlow::mean_rates(std::span<const double> rho) {
  return impl_->rates.unlimited(rho);
}

std::vector<double> LinearFlow::time_integral(std::size_t leg) {
  Impl& o = *impl_;
  std::vector<double> R(std::size_t(o.mesh.owned), 0.0);
  for (std::size_t number = 0; number < o.kept[leg].size(); ++number) {
    const SolvedSegment s = o.segment(leg, number);
    for (std::size_t i = 0; i < s.steps.size(); ++i) {
      const auto& rho0 = i == 0 ? s.kept.start : s.steps[i - 1].end;
      const double half = 0.5 * o.legs[leg][s.kept.first + i];
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
  Sweep sweep(o.mesh.comm, o.options.derivatives * o.options.rtol);
  for (std::size_t number = 0; number < o.kept[leg].size(); ++number) {
    const SolvedSegment s = o.segment(leg, number);
    for (std::size_t i = 0; i < s.steps.size(); ++i) {
      o.tangent_step(leg, s.kept.first + i, o.start_of(s, s.kept.first + i), s.steps[i], direction,
                     change, sweep);
    }
  }
  std::copy_n(change.now.begin(), d.size(), d.begin());
}

void LinearFlow::adjoint(std::size_t leg, std::span<double> lambda, FlowGradient& gradient) {
  Impl& o = *impl_;
  gradient.rise.resize(std::size_t(o.mesh.faces.size()));
  Change work{{lambda.begin(), lambda.end()}, std::vector<double>(lambda.size(), 0.0)};
  Sweep sweep(o.mesh.comm, o.options.derivatives * o.options.rtol);
  for (std::size_t number = o.kept[leg].size(); number-- > 0;) {
    const SolvedSegment s = o.segment(leg, number);
    for (std::size_t i = s.steps.size(); i-- > 0;) {
      o.adjoint_step(leg, s.kept.first + i, o.start_of(s, s.kept.first + i), s.steps[i], work,
                     gradient, sweep);
    }
    if (o.terms.size() > 0) o.add_gradient(o.rates.last(), gradient);  // before the densities go
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
