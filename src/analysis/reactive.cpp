// q+ solves the backward equation of the committor, whose cell K next to a cell L of a set, the edge cutting
// the way between them at the share s, leaves into the set at the rate f_KL / s. u = pi q- solves the
// forward equation with the same rates, the transpose of it, and with the gain
//
//   g_KL = (1/s - 1) f_KL pi_K + f_LK pi_L     next to A:
//
// then u = pi, as without sets, leaves the flux f_KL pi_K - f_LK pi_L on the face, and q- = 1 on the edge of A
// to second order. As the two systems are transposes, what leaves A is what arrives at B, to rounding:
//
//   sum g q+ = sum (f / s) u.
//
// Cells of the sets are held at 0 in what is solved. A face of a side in A or B has the rate k_K of
// absorption, and next to A the gain k_K pi_K: with u = pi nothing flows through it.

#include "otto/analysis/reactive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "deep_modes.h"
#include "held_cells.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/caution.h"
#include "otto/core/error.h"
#include "otto/operators/exchange.h"
#include "outlets.h"
#include "quotient.h"
#include "reversible.h"

namespace otto {

namespace {

bool holds(const Target& set, std::size_t k) { return !set.level.empty() && set.level[k] > 0; }

/// pi, u = pi q- and q+ with ghosts.
struct Solution {
  std::vector<double> pi, u, q;
};

class BackwardProblem {
 public:
  BackwardProblem(const Generator& g, const Outlets& outlets, const std::vector<double>& pi)
      : g_(g),
        outlets_(outlets),
        loss_(std::size_t(g.mesh().owned), 0.0),
        gain_(loss_.size(), 0.0),
        into_b_(loss_.size(), 0.0) {
    const Faces& faces = g.mesh().faces;
    for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
      const auto l = std::size_t(faces.left[f]), r = std::size_t(faces.right[f]);
      const double more = outlets.factor(f) - 1;
      exchange(pi, l, r, {g.forward()[f], g.backward()[f], more});
      exchange(pi, r, l, {g.backward()[f], g.forward()[f], more});
    }
  }

  /// Beside the side losses, which the generator has.
  [[nodiscard]] const std::vector<double>& loss() const { return loss_; }
  /// What flows out of the cells of A into K.
  [[nodiscard]] const std::vector<double>& gain() const { return gain_; }
  /// What flows into the cells of B per u_K.
  [[nodiscard]] const std::vector<double>& into_b() const { return into_b_; }

  /// Of what goes from A to B through face f, from left to right less from right to left.
  [[nodiscard]] double reactive(std::size_t f, const Solution& s) const {
    const Faces& faces = g_.mesh().faces;
    const auto l = std::size_t(faces.left[f]), r = std::size_t(faces.right[f]);
    const double more = outlets_.factor(f) - 1;
    return passing(s, l, r, {g_.forward()[f], g_.backward()[f], more}) -
           passing(s, r, l, {g_.backward()[f], g_.forward()[f], more});
  }

 private:
  /// Of K with its neighbour L: rates out of K and into it, and 1/s - 1.
  struct Way {
    double out, in, more;
  };

  /// What a cell K, not of A, gains from its neighbour L in A.
  [[nodiscard]] double from_a(const std::vector<double>& pi, std::size_t K, std::size_t L,
                              const Way& w) const {
    return outlets_.holds[K] == in_b ? (1 + w.more) * w.in * pi[L]
                                     : w.more * w.out * pi[K] + w.in * pi[L];
  }

  void exchange(const std::vector<double>& pi, std::size_t K, std::size_t L, const Way& w) {
    if (K >= loss_.size()) return;
    const int here = outlets_.holds[K], there = outlets_.holds[L];
    if (here >= 0) {
      loss_[K] += held_weight * w.out;
    } else if (there >= 0) {
      loss_[K] += w.more * w.out;
    }
    if (there == in_a && here != in_a) gain_[K] += from_a(pi, K, L, w);
    if (there == in_b && here != in_b) into_b_[K] += (1 + w.more) * w.out;
  }

  [[nodiscard]] double passing(const Solution& s, std::size_t K, std::size_t L,
                               const Way& w) const {
    const int here = outlets_.holds[K], there = outlets_.holds[L];
    if (here == there && here >= 0) return 0;
    if (there == in_b) return (1 + w.more) * w.out * s.u[K];
    if (here == in_a) return from_a(s.pi, L, K, {w.in, w.out, w.more}) * s.q[L];
    return w.out * s.u[K] * s.q[L];
  }

  static constexpr int in_a = 0, in_b = 1;

  const Generator& g_;
  const Outlets& outlets_;
  std::vector<double> loss_, gain_, into_b_;
};

constexpr int solve_passes = 3;

/// u (owned values) without detailed balance; `k_a`: rates of the sides in A.
void solve_for_u(const Generator& generator, const std::vector<double>& pi, const Target& a,
                 const Target& b, const BackwardProblem& problem, std::span<const double> k_a,
                 std::span<double> u, SolverOptions options) {
  std::vector<double> sigma(u.size()), rhs = problem.gain();
  for (std::size_t k = 0; k < u.size(); ++k) {
    sigma[k] = problem.loss()[k] / generator.mesh().volume[k];
    if (!k_a.empty()) rhs[k] += k_a[k] * pi[k];
    if (holds(a, k) || holds(b, k)) rhs[k] = 0;
  }
  const Mesh& mesh = generator.mesh();
  ShiftedSolver solver(generator, options);
  // A row next to an edge near its centre is far larger than others and hides them: solves for what is left.
  std::vector<double> left = rhs, correction(u.size()), sum(std::size_t(mesh.local()), 0.0);
  for (int pass = 0; pass < solve_passes; ++pass) {
    std::ranges::fill(correction, 0.0);
    const SolveReport report = solver.solve(1, sigma, left, correction);
    if (!report.converged && pass == 0) {
      throw NumericalError("the solve for the backward committor failed: " + report.reason +
                           "; try a larger solver.rtol");
    }
    for (std::size_t k = 0; k < u.size(); ++k) sum[k] += correction[k];
    mesh.halo.update(mesh.comm, sum);
    generator.apply(sum, left);
    for (std::size_t k = 0; k < u.size(); ++k) left[k] += rhs[k] - problem.loss()[k] * sum[k];
  }
  std::copy_n(sum.begin(), u.size(), u.begin());
  for (std::size_t k = 0; k < u.size(); ++k) {
    if (holds(a, k)) u[k] = pi[k];
    if (holds(b, k)) u[k] = 0;
  }
}

constexpr double driven_rtol = 1e-13;  // of the solves with a drift: a barrier is e^-10 of the mass
/// Of what leaves A and what arrives at B, which are equal but for what the solves leave: told, and refused.
constexpr double max_difference = 1e-2, told_difference = 1e-6;

/// With ghosts; of a process with a drift.
std::vector<double> stationary_density(const GeneratorParts& parts, SolverOptions options) {
  const Generator closed(parts.mesh, parts.energy, parts.flux, parts.drift, nullptr,
                         parts.diffusion);
  std::vector<double> pi = stationary_state(closed, options).density;
  pi.resize(std::size_t(parts.mesh.local()));
  parts.mesh.halo.update(parts.mesh.comm, pi);
  const double mass = integral(parts.mesh, pi);
  for (double& p : pi) p /= mass;
  return pi;
}

void set_fields(const Mesh& mesh, Solution s, Transitions& result) {
  const auto owned = std::size_t(mesh.owned);
  result.backward.assign(owned, 0.0);
  for (std::size_t k = 0; k < owned; ++k) {
    if (s.pi[k] > 0) result.backward[k] = s.u[k] / s.pi[k];
  }
  s.pi.resize(owned);
  s.q.resize(owned);
  result.stationary = std::move(s.pi);
  result.forward = std::move(s.q);
}

Transitions with_detailed_balance(const Generator& generator, const Outlets& outlets) {
  const Mesh& mesh = generator.mesh();
  if (generator.range() > DeepOptions{}.max_range) {
    throw InputError(
        fmt::format("V/kT ranges over {:.0f}, more than exp(-V/kT) can follow; bound the external "
                    "energy where nothing ever goes (min(V, ...), or 'cap' in the library)",
                    generator.range()));
  }
  const Quotient quotient(generator);
  Reversible found = reversible_transitions(generator, quotient, outlets);
  Transitions result;
  double mass = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    if (outlets.holds[k] != Outlets::cut_off) mass += quotient.omega(k);
  }
  const double Z = mesh.comm.sum(mass);
  Solution s{.pi = std::vector<double>(found.q.size(), 0.0), .u = {}, .q = std::move(found.q)};
  for (std::size_t k = 0; k < s.pi.size(); ++k) {
    if (outlets.holds[k] != Outlets::cut_off) s.pi[k] = quotient.pi(k) / Z;
  }
  s.u = s.pi;
  for (std::size_t k = 0; k < s.u.size(); ++k) s.u[k] *= found.p[k];
  result.flux = found.flux / Z;
  result.flux_bounds = {result.flux * (1 - found.flux_error), result.flux * (1 + found.flux_error)};
  result.weight_from_a = found.from_a / Z;
  result.weight_from_b = found.from_b / Z;
  result.cut_off =
      part_cut_off(mesh, outlets, std::span(mesh.volume).first(std::size_t(mesh.owned)));
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    result.face_flux.push_back(outlets.factor(f) * (generator.forward()[f] * s.u[K] * s.q[L] -
                                                    generator.backward()[f] * s.u[L] * s.q[K]));
  }
  set_fields(mesh, std::move(s), result);
  return result;
}

}  // namespace

Transitions transitions(const GeneratorParts& parts, const Target& given_a, const Target& given_b,
                        SolverOptions options) {
  const Mesh& mesh = parts.mesh;
  const auto owned = std::size_t(mesh.owned), local = std::size_t(mesh.local());
  const Target a = at_centres(mesh, given_a), b = at_centres(mesh, given_b);
  std::vector<std::string> sides = a.sides;
  sides.insert(sides.end(), b.sides.begin(), b.sides.end());
  const Exchange both = absorbing_sides(sides);
  const Generator generator(mesh, parts.energy, parts.flux, parts.drift, &both, parts.diffusion);
  const Outlets outlets = outlets_of(generator, parts, {a, b});
  if (generator.symmetric()) return with_detailed_balance(generator, outlets);

  options.rtol = std::min(options.rtol, driven_rtol);
  Transitions result;
  Solution s{.pi = stationary_density(parts, options),
             .u = std::vector<double>(local, 0.0),
             .q = committor(parts, given_a, given_b, options)};
  s.q.resize(local);
  mesh.halo.update(mesh.comm, s.q);
  const BackwardProblem problem(generator, outlets, s.pi);
  solve_for_u(generator, s.pi, a, b, problem, outlets.rate[0], std::span(s.u).first(owned),
              options);
  mesh.halo.update(mesh.comm, s.u);
  double out = 0, in = 0, weight = 0, rest = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double k_a = outlets.rate[0].empty() ? 0 : outlets.rate[0][k];
    const double k_b = outlets.rate[1].empty() ? 0 : outlets.rate[1][k];
    in += (problem.into_b()[k] + k_b) * s.u[k];
    out += (problem.gain()[k] + k_a * s.pi[k]) * s.q[k];
    weight += mesh.volume[k] * s.u[k];
    rest += mesh.volume[k] * (s.pi[k] - s.u[k]);
  }
  result.flux = mesh.comm.sum(in);
  result.weight_from_a = mesh.comm.sum(weight);
  result.weight_from_b = mesh.comm.sum(rest);
  const double left = mesh.comm.sum(out), arrives = result.flux;
  const double apart = std::abs(left - arrives);
  const std::string words =
      fmt::format("{:.9g} leaves the first set and {:.9g} arrives at the second", left, arrives);
  if (!(apart <= max_difference * arrives)) {
    throw NumericalError("the flux of transitions is not resolved: " + words +
                         "; try more cells, or a larger temperature");
  }
  if (apart > told_difference * arrives) {
    caution(
        "the flux of transitions (what arrives) is known to " +
        fmt::format("{:.2g} %, which is what the solves leave: {}", 100 * apart / arrives, words));
  }
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    result.face_flux.push_back(problem.reactive(f, s));
  }
  set_fields(mesh, std::move(s), result);
  return result;
}

}  // namespace otto
