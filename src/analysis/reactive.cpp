// u = pi q- solves (M Q - k) u + b = 0 with what leaves into A and B as k. For the reversed process,
// whose rates are pi_L f_LK / pi_K from K to L, q- is a committor; in terms of u, a cell K next to a
// cell L of a set, whose way the edge cuts at the share s,
//
//   loses (1/s - 1) pi_L f_LK / pi_K u_K more than f_KL u_K, and gains pi_L f_LK / s next to A.
//
// Cells of the sets are held at 0 in what is solved. A face of a side in A or B has the rate k_K of
// absorption, and next to A the gain k_K pi_K: with u = pi nothing flows through it.

#include "otto/analysis/reactive.h"

#include <algorithm>
#include <cmath>

#include "capacity.h"
#include "held_cells.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "otto/operators/exchange.h"

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
  ShiftedSolver solver(generator, options);
  const SolveReport report = solver.solve(1, sigma, rhs, u);
  if (!report.converged) {
    throw NumericalError("the solve for the backward committor failed: " + report.reason +
                         "; try a larger solver.rtol");
  }
  for (std::size_t k = 0; k < u.size(); ++k) {
    if (holds(a, k)) u[k] = pi[k];
    if (holds(b, k)) u[k] = 0;
  }
}

/// `k_all`, `k_a`: rates through the sides of both sets, of A alone; empty without.
Conductances conductances(const Mesh& mesh, std::span<const double> pi, BackwardProblem& problem,
                          std::span<const double> k_all, std::span<const double> k_a,
                          const Target& a, const Target& b) {
  Conductances c{.pi = pi,
                 .to_a = problem.gain(),
                 .to_b = problem.into_b(),
                 .held = std::vector<double>(pi.size(), 0.0)};
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    const double into_a = k_a.empty() ? 0 : k_a[k], both = k_all.empty() ? 0 : k_all[k];
    c.to_a[k] += into_a * pi[k];
    c.to_b[k] = (c.to_b[k] + both - into_a) * pi[k];
    c.held[k] = holds(a, k) || holds(b, k) ? 1 : 0;
  }
  mesh.halo.update(mesh.comm, c.held);
  return c;
}

/// With ghosts.
std::vector<double> stationary_density(const GeneratorParts& parts, SolverOptions options) {
  const Generator closed(parts.mesh, parts.energy, parts.flux, parts.drift, nullptr,
                         parts.diffusion);
  std::vector<double> pi =
      closed.symmetric() ? gibbs_density(closed) : stationary_state(closed, options).density;
  pi.resize(std::size_t(parts.mesh.local()));
  parts.mesh.halo.update(parts.mesh.comm, pi);
  const double mass = integral(parts.mesh, pi);
  for (double& p : pi) p /= mass;
  return pi;
}

}  // namespace

Transitions transitions(const GeneratorParts& parts, const Target& given_a, const Target& given_b,
                        SolverOptions options) {
  const Mesh& mesh = parts.mesh;
  const auto owned = std::size_t(mesh.owned), local = std::size_t(mesh.local());
  const Target a = at_centres(mesh, given_a), b = at_centres(mesh, given_b);
  std::vector<std::string> sides = a.sides;
  sides.insert(sides.end(), b.sides.begin(), b.sides.end());
  const Exchange both = absorbing_sides(sides), start = absorbing_sides(a.sides);
  const Generator generator(mesh, parts.energy, parts.flux, parts.drift, &both, parts.diffusion);
  const Generator from_a(mesh, parts.energy, parts.flux, parts.drift, &start, parts.diffusion);
  Transitions result;
  const std::vector<double> pi = stationary_density(parts, options);
  result.forward = committor(parts, given_a, given_b, options);

  BackwardProblem problem(generator, pi, a, b);
  const auto k_all = generator.absorption(), k_a = from_a.absorption();
  std::vector<double> u(local, 0.0);
  const auto values = std::span(u).first(owned);
  if (generator.symmetric()) {
    for (std::size_t k = 0; k < owned; ++k) u[k] = pi[k] * (1 - result.forward[k]);
    result.flux_bounds = capacity_bounds(
        generator, conductances(mesh, pi, problem, k_all, k_a, a, b), result.forward);
  } else {
    solve_for_u(generator, pi, a, b, problem, k_a, values, options);
  }
  double flux = 0, weight = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double through_sides = k_all.empty() ? 0 : k_all[k] - (k_a.empty() ? 0 : k_a[k]);
    flux += (problem.into_b()[k] + through_sides) * u[k];
    weight += mesh.volume[k] * u[k];
  }
  result.flux = mesh.comm.sum(flux);
  result.weight_from_a = mesh.comm.sum(weight);
  mesh.halo.update(mesh.comm, u);
  std::vector<double> q(result.forward);
  q.resize(local);
  mesh.halo.update(mesh.comm, q);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    result.face_flux.push_back(generator.forward()[f] * u[K] * q[L] -
                               generator.backward()[f] * u[L] * q[K]);
  }
  result.stationary.assign(pi.begin(), pi.begin() + mesh.owned);
  for (std::size_t k = 0; k < owned; ++k) result.backward.push_back(u[k] / pi[k]);
  return result;
}

}  // namespace otto
