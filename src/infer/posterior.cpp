#include "otto/infer/posterior.h"

#include <algorithm>
#include <cmath>

#include "otto/core/random.h"
#include "otto/infer/cell_gradients.h"

namespace otto {

namespace {

constexpr std::uint64_t probe_stream = 0x7072;
constexpr std::uint64_t probe_seed = 2;  ///< beyond the seed, 0 and 1 of which draw error bars

/// So many random signs, of numbers of their own beside those of cells.
std::vector<double> signs(const Objective& objective, std::size_t count, std::uint64_t seed,
                          int number) {
  const auto first = std::uint64_t(objective.mesh().global_cells);
  std::vector<double> z(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double u =
        RandomAt(seed, probe_stream << 32 | std::uint64_t(number), first + i).uniform()[0];
    z[i] = u < 0.5 ? -1.0 : 1.0;
  }
  return z;
}

/// Of V, less the constant, which neither flow nor prior knows, w, c and log kT. Collective.
double count_unknowns(const Objective& objective) {
  const Objective::Vector ones(objective.size(), 1.0);
  return objective.dot(ones, ones) - (objective.has_external() ? 1 : 0);
}

/// The mean of b.H^-1 b over probes: the trace of H^-1 C for draws b of covariance C. What solves leave is of second order.
template <class Draw>
std::optional<double> mean_square(const Objective& objective, GaussNewton& newton,
                                  ConjugateSpace& known, const std::function<bool()>& stop,
                                  const PosteriorOptions& o, const Draw& draw) {
  double sum = 0;
  for (int i = 0; i < o.probes; ++i) {
    if (stop()) return std::nullopt;
    Objective::Vector b(objective.size(), 0.0);
    draw(i, b);
    sum += objective.dot(b, newton.solve(b, o.trace_rtol, o.max_cg, &known).x);
  }
  return sum / o.probes;
}

/// Less its mean over the box.
void subtract_mean(const Mesh& mesh, std::vector<double>& g) {
  const auto n = std::size_t(mesh.owned), d = std::size_t(mesh.dimension);
  std::vector<double> sums(d + 1, 0.0);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t a = 0; a < d; ++a) sums[a] += mesh.volume[k] * g[k * d + a];
    sums[d] += mesh.volume[k];
  }
  mesh.comm.sum_in_place(sums);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t a = 0; a < d; ++a) g[k * d + a] -= sums[a] / sums[d];
  }
}

/// Sums of squares of draws.
struct Squares {
  std::vector<double> V, gradient, w, slope;
  double log_kT = 0;

  /// Of W less its value at the range, and of its slope at the knots.
  void add_pairs(const RadialSpline& spline, std::span<const double> part) {
    std::vector<double> values(part.begin(), part.end());
    values.push_back(0);
    const std::vector<double> M = spline.bends(values);
    w.resize(part.size(), 0.0);
    slope.resize(part.size(), 0.0);
    for (std::size_t i = 0; i < part.size(); ++i) {
      w[i] += part[i] * part[i];
      slope[i] += std::pow(spline.slope(values, M, spline.knot(i)), 2);
    }
  }

  void add(const Mesh& mesh, std::span<const double> x, std::span<const double> R,
           bool without_linear) {
    const auto n = std::size_t(mesh.owned);
    V.resize(n, 0.0);
    double weighted = 0, weight = 0;
    for (std::size_t k = 0; k < n; ++k) {
      weighted += mesh.volume[k] * R[k] * x[k];
      weight += mesh.volume[k] * R[k];
    }
    const double mean = mesh.comm.sum(weighted) / mesh.comm.sum(weight);
    for (std::size_t k = 0; k < n; ++k) V[k] += std::pow(x[k] - mean, 2);
    std::vector<double> g = cell_gradients(mesh, x.first(n));
    if (without_linear) subtract_mean(mesh, g);
    gradient.resize(g.size(), 0.0);
    for (std::size_t i = 0; i < g.size(); ++i) gradient[i] += g[i] * g[i];
  }
};

/// (alpha R + shift M)^-1 alpha^1/2 G^T eta: the prior alone, on V, without its linear functions, which
/// it leaves free.
Objective::Vector prior_draw(const Objective& objective, PotentialPencil& pencil, double shift,
                             ConjugateSpace& known, std::uint64_t seed, std::uint64_t draw,
                             const PosteriorOptions& o) {
  const Mesh& mesh = objective.mesh();
  const Unknowns& u = objective.unknowns();
  const auto n = std::size_t(mesh.owned);
  Objective::Vector b(objective.size(), 0.0), of_V(n);
  objective.prior().random(seed, draw, of_V);
  for (double& x : of_V) x *= std::sqrt(objective.alpha);
  objective.pull_back_potential(of_V, b);
  const auto multiply = [&](std::span<const double> p, std::span<double> out) {
    const Objective::Vector V = objective.potential(p);
    objective.prior().apply(V, of_V);
    for (std::size_t k = 0; k < n; ++k) {
      of_V[k] = objective.alpha * of_V[k] + shift * mesh.volume[k] * V[k];
    }
    objective.pull_back_potential(of_V, out);
    std::ranges::copy(u.tail(p), u.tail(out).begin());
  };
  const auto precondition = [&](std::span<const double> r, std::span<double> out) {
    pencil.apply(r, out);
    std::ranges::copy(u.tail(r), u.tail(out).begin());
  };
  return conjugate_gradients(objective, multiply, precondition, b, o.draw_rtol, o.max_cg, &known).x;
}

}  // namespace

std::optional<Gammas> effective_parameters(Objective& objective, GaussNewton& newton,
                                           std::uint64_t seed, const std::function<bool()>& stop,
                                           const PosteriorOptions& o) {
  const Unknowns& u = objective.unknowns();
  Gammas gamma;
  ConjugateSpace known;
  if (objective.has_temperature()) gamma.log_kT = 1;  // it has no prior
  if (objective.has_interaction()) {
    const auto of_prior = mean_square(objective, newton, known, stop, o, [&](int i, auto& b) {
      objective.pair_prior().root(signs(objective, u.pairs, seed, i), u.w(std::span(b)));
      for (double& x : b) x *= std::sqrt(objective.alpha_W);
    });
    if (!of_prior) return std::nullopt;
    gamma.w = double(u.pairs) - *of_prior;
  }
  if (!objective.has_external()) return gamma;
  const auto of_data = mean_square(objective, newton, known, stop, o, [&](int i, auto& b) {
    objective.data_perturbation(seed + probe_seed, std::uint64_t(i), b);
  });
  if (!of_data) return std::nullopt;
  const double n = count_unknowns(objective);
  double total = *of_data;
  if (total > o.share * n) {
    const auto of_prior = mean_square(objective, newton, known, stop, o, [&](int i, auto& b) {
      objective.add_prior_perturbation(seed + probe_seed, std::uint64_t(i), b);
    });
    if (!of_prior) return std::nullopt;
    total *= n / (total + *of_prior);
  }
  gamma.V = std::max(total - gamma.w - gamma.log_kT, 0.0);
  return gamma;
}

std::optional<double> stream_parameters(Objective& objective, GaussNewton& newton,
                                        std::uint64_t seed, const std::function<bool()>& stop,
                                        const PosteriorOptions& o) {
  const Unknowns& u = objective.unknowns();
  Objective::Vector z(objective.size(), 0.0), Hz(objective.size());
  double gamma = 0;
  ConjugateSpace known;
  for (int i = 0; i < o.probes; ++i) {
    if (stop()) return std::nullopt;
    std::ranges::copy(signs(objective, u.streams, seed, i), u.c(std::span(z)).begin());
    objective.product(z, Hz, false);
    gamma += objective.dot(z, newton.solve(Hz, o.trace_rtol, o.max_cg, &known).x) / o.probes;
  }
  return gamma;
}

std::optional<Evidence> evidence(Objective& objective, GaussNewton& newton, bool sampled,
                                 std::uint64_t seed, const std::function<bool()>& stop,
                                 const PosteriorOptions& o) {
  constexpr double min_misfit = 1e-14;  // rounding of KL
  const std::span<const double> x = newton.x();
  const Unknowns& u = objective.unknowns();
  Evidence e{.alpha = objective.alpha, .alpha_W = objective.alpha_W, .effective_samples = 1};
  const std::optional<Gammas> gamma = effective_parameters(objective, newton, seed, stop, o);
  if (!gamma) return std::nullopt;
  e.gamma = std::max(gamma->sum(), 1.0);
  if (!sampled) {
    double kl = 0;
    for (const double k : objective.misfits()) kl += k;
    const double free = std::max(objective.data_cells() - e.gamma, 1.0);
    e.effective_samples = free / (2 * std::max(kl, min_misfit));
  }
  const auto strength = [&](double parameters, double bending, double& alpha) {
    if (bending > 0) alpha = std::max(parameters, 1.0) / (bending * e.effective_samples);
  };
  if (objective.has_external()) strength(gamma->V, objective.bending(x), e.alpha);
  if (objective.has_interaction()) {
    strength(gamma->w, objective.pair_prior().energy(u.w(x)), e.alpha_W);
  }
  return e;
}

std::optional<Deviations> deviations(Objective& objective, GaussNewton& newton,
                                     std::span<const double> R, double samples, std::uint64_t seed,
                                     int draws, const std::function<bool()>& stop,
                                     const PosteriorOptions& o) {
  const Mesh& mesh = objective.mesh();
  const bool external = objective.has_external();
  Squares posterior, prior;
  Objective::Vector b(objective.size());
  std::vector<double> even(std::size_t(mesh.owned), 1.0);
  const double shift = o.prior_shift * objective.alpha / std::pow(longest_side(mesh), 4);
  PotentialPencil pencil(objective, even);
  ConjugateSpace known, known_of_prior;
  pencil.set_prior(objective.alpha);
  for (int j = 0; j < draws; ++j) {
    if (stop()) return std::nullopt;
    objective.data_perturbation(seed, std::uint64_t(j), b);
    objective.add_prior_perturbation(seed, std::uint64_t(j), b);
    const Objective::Vector x = newton.solve(b, o.draw_rtol, o.max_cg, &known).x;
    if (objective.has_temperature()) posterior.log_kT += x.back() * x.back();
    if (objective.has_interaction()) {
      posterior.add_pairs(objective.spline(), objective.unknowns().w(std::span<const double>(x)));
    }
    if (!external) continue;
    posterior.add(mesh, objective.potential(x), R, false);
    const auto of_prior =
        prior_draw(objective, pencil, shift, known_of_prior, seed + 1, std::uint64_t(j), o);
    prior.add(mesh, objective.potential(of_prior), R, true);
  }
  const double scale = 1 / (double(draws) * samples);
  Deviations result;
  result.log_kT = std::sqrt(posterior.log_kT * scale);
  for (const double s : posterior.w) result.w.push_back(std::sqrt(s * scale));
  for (const double s : posterior.slope) result.slope.push_back(std::sqrt(s * scale));
  if (!external) return result;
  const auto d = std::size_t(mesh.dimension);
  for (const double s : posterior.V) result.V.push_back(std::sqrt(s * scale));
  for (const double s : posterior.gradient) result.gradient.push_back(std::sqrt(s * scale));
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    double after = 0, before = 0;
    for (std::size_t a = 0; a < d; ++a) {
      after += posterior.gradient[k * d + a];
      before += prior.gradient[k * d + a];
    }
    result.determined.push_back(before > 0 ? std::clamp(1 - after / before, 0.0, 1.0) : 0.0);
  }
  return result;
}

Scaling scaling_of(Objective& objective, GaussNewton& newton, std::span<const double> R,
                   double samples) {
  constexpr double rounding =
      1e-6;  ///< of solves with a relative tolerance of 1e-10, with a margin
  const Mesh& mesh = objective.mesh();
  const auto n = std::size_t(mesh.owned);
  if (!objective.has_external() || !objective.has_temperature()) return {};
  Objective::Vector u = objective.potential(newton.x());
  double weighted = 0, weight = 0;
  for (std::size_t k = 0; k < n; ++k) {
    weighted += mesh.volume[k] * R[k] * u[k];
    weight += mesh.volume[k] * R[k];
  }
  const double mean = mesh.comm.sum(weighted) / mesh.comm.sum(weight);
  for (std::size_t k = 0; k < n; ++k) u[k] -= mean;
  // and w: with V and kT it scales, too
  const auto w = objective.unknowns().w(std::span<const double>(newton.x()));
  const double of_V = objective.information(u, w, 0), of_scale = objective.information(u, w, 1);
  return {.information = samples * of_scale,
          .determined = samples * of_scale > 1 && of_scale > rounding * of_V};
}

double confounding_of(Objective& objective) {
  const Mesh& mesh = objective.mesh();
  const Unknowns& u = objective.unknowns();
  if (!objective.has_external() || !objective.has_interaction()) return 1;
  Objective::Vector q(std::size_t(mesh.owned), 0.0), w(u.pairs);
  for (std::size_t k = 0; k < q.size(); ++k) {
    for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
      q[k] += 0.5 * std::pow(mesh.center[k][a], 2);
    }
  }
  const double alone = objective.information(q, {}, 0), range = objective.spline().range();
  for (std::size_t i = 0; i < u.pairs; ++i) {
    w[i] = 0.5 * (range * range - std::pow(objective.spline().knot(i), 2));
  }
  return objective.information(q, w, 0) / std::max(alone, 1e-300);
}

}  // namespace otto
