// u = pi q- solves (M Q - k) u + b = 0 with what leaves into A and B as k. For the reversed process,
// whose rates are pi_L f_LK / pi_K from K to L, q- is a committor; in terms of u, a cell K next to a
// cell L of a set, whose way the edge cuts at the share s,
//
//   loses (1/s - 1) pi_L f_LK / pi_K u_K more than f_KL u_K, and gains pi_L f_LK / s next to A.
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

class BackwardProblem {
 public:
  BackwardProblem(const Generator& g, const std::vector<double>& pi, const Target& a,
                  const Target& b)
      : g_(g),
        mesh_(g.mesh()),
        pi_(pi),
        loss_(std::size_t(mesh_.owned), 0.0),
        gain_(loss_.size(), 0.0),
        into_b_(loss_.size(), 0.0) {
    cut(a, true);
    cut(b, false);
  }

  /// Beside the side losses, which the generator has.
  [[nodiscard]] std::vector<double>& loss() { return loss_; }
  [[nodiscard]] std::vector<double>& gain() { return gain_; }
  /// What flows into the cells of B per u_K.
  [[nodiscard]] std::vector<double>& into_b() { return into_b_; }

 private:
  void cut(const Target& set, bool from_a) {
    if (set.level.empty()) return;
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
      exchange(set, from_a, l, r, g_.forward()[f], g_.backward()[f]);
      exchange(set, from_a, r, l, g_.backward()[f], g_.forward()[f]);
    }
  }

  /// Of K with its neighbour L: rates out of K and into it.
  void exchange(const Target& set, bool from_a, std::size_t K, std::size_t L, double out,
                double in) {
    if (K >= loss_.size()) return;
    if (set.level[K] > 0) {
      loss_[K] += held_weight * out;
    } else if (set.level[L] > 0) {
      const double more = 1 / part_outside(set.level[K], set.level[L]) - 1;
      const double reversed = pi_[L] * in;
      loss_[K] += more * reversed / pi_[K];
      if (from_a) {
        gain_[K] += (1 + more) * reversed;
      } else {
        into_b_[K] += out + more * reversed / pi_[K];
      }
    }
  }

  const Generator& g_;
  const Mesh& mesh_;
  const std::vector<double>& pi_;
  std::vector<double> loss_, gain_, into_b_;
};

bool holds(const Target& set, std::size_t k) { return !set.level.empty() && set.level[k] > 0; }

constexpr int solve_passes = 3;

/// u (owned values) without detailed balance; `k_a`: rates of the sides in A.
void solve_for_u(const Generator& generator, const std::vector<double>& pi, const Target& a,
                 const Target& b, BackwardProblem& problem, std::span<const double> k_a,
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
/// Of what leaves A and what arrives at B. With a drift they differ where the edges of the sets cut faces: pi is at rest in
/// whole cells. That is an error of the grid, told; beyond this the solves themselves have failed.
constexpr double max_difference = 0.3, told_difference = 1e-2;

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

/// pi, u = pi q- and q+ with ghosts, and where transitions end.
struct Solution {
  std::vector<double> pi, u, q;
};

void set_face_flux(const Generator& g, const Outlets& outlets, const Solution& s,
                   Transitions& result) {
  const Mesh& mesh = g.mesh();
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double factor = g.symmetric() ? outlets.factor(f) : 1;
    result.face_flux.push_back(
        factor * (g.forward()[f] * s.u[K] * s.q[L] - g.backward()[f] * s.u[L] * s.q[K]));
  }
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
  set_face_flux(generator, outlets, s, result);
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
  BackwardProblem problem(generator, s.pi, a, b);
  solve_for_u(generator, s.pi, a, b, problem, outlets.rate[0], std::span(s.u).first(owned),
              options);
  mesh.halo.update(mesh.comm, s.u);
  double out = 0, in = 0, weight = 0, rest = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double k_a = outlets.rate[0].empty() ? 0 : outlets.rate[0][k];
    const double k_b = outlets.rate[1].empty() ? 0 : outlets.rate[1][k];
    in += (problem.into_b()[k] + k_b) * s.u[k];
    if (outlets.holds[k] != 0) out += (problem.gain()[k] + k_a * s.pi[k]) * s.q[k];
    weight += mesh.volume[k] * s.u[k];
    rest += mesh.volume[k] * (s.pi[k] - s.u[k]);
  }
  result.flux = mesh.comm.sum(in);
  result.weight_from_a = mesh.comm.sum(weight);
  result.weight_from_b = mesh.comm.sum(rest);
  const double left = mesh.comm.sum(out), arrives = result.flux;
  const double apart = std::abs(left - arrives);
  const std::string words =
      fmt::format("{:.3g} leaves the first set and {:.3g} arrives at the second", left, arrives);
  if (!(apart <= max_difference * arrives)) {
    throw NumericalError("the flux of transitions is not resolved: " + words +
                         "; try more cells, or a larger temperature");
  }
  if (apart > told_difference * arrives) {
    caution(
        "the flux of transitions (what arrives) is known to " +
        fmt::format("{:.2g} %: {}; more cells bring them together", 100 * apart / arrives, words));
  }
  set_face_flux(generator, outlets, s, result);
  set_fields(mesh, std::move(s), result);
  return result;
}

}  // namespace otto
