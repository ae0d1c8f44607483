// Newton's direction at an iterate, and the search along it.

#include <algorithm>
#include <cmath>

#include "inner_iteration.h"

namespace otto {

/// Loose while the iterate is far from the solution; no tighter than the tolerance needs.
double InnerNewton::Impl::linear_tolerance() const {
  const NewtonControl& c = control;
  const double needed = std::max(c.min_needed, c.needed_share * tolerance / now.optimality);
  const double loosest = c.loosest_inner;
  const double loose =
      std::clamp(c.forcing_inner * std::sqrt(now.optimality), std::min(needed, loosest), loosest);
  return std::max(loose * care, c.tightest);
}

/// The coefficients of H at the iterate, 1/C in `inverse`, and what g_N leaves, push included, in g.
void InnerNewton::Impl::linearise() {
  const auto& last = chain.rho.back();
  transport.hamilton_jacobi(chain.phi.back(), chain.kappa * chain.d, g);
  end_potential(last);
  for (std::size_t i = 0; i < owned; ++i) g[i] -= target[i];
  ReproducibleSum products, total;
  end_equation(last, multipliers, products, total);
  for (std::size_t i = 0; i < owned; ++i) g[i] += push[i];
  double held = 0, softest = 0;  // 1/U'' of the held density
  if (!bounds.bounded()) {
    held = std::max(control.held_density, damping * std::min(now.optimality, 1.0)) * mean_density;
    internal.derivatives(std::span(&held, 1), 0, {}, std::span(&softest, 1));
    softest = 1 / softest;
  }
  for (std::size_t i = 0; i < owned; ++i) {
    omega[i] = mesh.volume[i] * std::max(inverse[i], softest);
  }
  system.set(omega, held);
}

/// dphi and drho at the iterate. False where a linear solve fails.
bool InnerNewton::Impl::direction(double rtol) {
  const std::size_t N = chain.steps();
  linearise();
  const auto minus_g = [&](std::size_t k, std::span<double> to) {
    if (k + 1 == N) {
      for (std::size_t i = 0; i < owned; ++i) to[i] -= g[i];
      return;
    }
    transport.hamilton_jacobi(chain.phi[k], chain.kappa * chain.d, G);
    transport.hamilton_jacobi(chain.phi[k + 1], -(1 - chain.kappa) * chain.d, target);
    for (std::size_t i = 0; i < owned; ++i) to[i] += target[i] - G[i];
  };
  const auto plus_r = [&](std::size_t k, std::span<double> to) {
    mass_residual(chain.phi[k], chain.before(k), chain.rho[k], to, nullptr);
  };
  const auto keep = [&](std::size_t k, std::span<const double> y) {
    for (std::size_t i = 0; i < owned; ++i) drho[k][i] = y[i] / mesh.volume[i];
  };
  report.reason = "a transport solve inside Newton's method failed";
  if (!system.backward({}, minus_g, dphi) || !system.forward(-1, dphi, plus_r, {}, rhs)) {
    return false;
  }
  const SolveReport solve = system.solve(rhs, z, rtol, dphi);
  report.linear_iterations += solve.iterations;
  report.max_linear_iterations = std::max(report.max_linear_iterations, solve.iterations);
  if (!solve.converged && solve.iterations < control.max_linear) {
    report.reason = "the linear solve inside Newton's method failed: " + solve.reason;
    return false;
  }
  if (!system.backward(z, minus_g, dphi) || !system.forward(-1, dphi, plus_r, keep, rhs)) {
    return false;
  }
  for (std::size_t i = 0; i < owned; ++i) drho.back()[i] = inverse[i] * z[i];
  for (auto& move : drho) mesh.halo.update(mesh.comm, move);
  return true;
}

/// Near bounds by a filter, as for N = 1 (proximal_direction.cpp).
bool InnerNewton::Impl::improves(const InnerResiduals& there, double alpha) const {
  const double part = 1 - control.sufficient_decrease * alpha;
  if (there.optimality <= part * now.optimality) return true;
  if (!bounds.bounded()) return false;
  if (!(there.optimality <= control.inner_growth * now.optimality)) return false;
  return std::ranges::all_of(filter, [&](const std::array<double, 2>& f) {
    return there.equations <= part * f[0] || there.products <= part * f[1];
  });
}

/// Moves the iterate along the direction. False where no length of step improves it.
bool InnerNewton::Impl::search() {
  if (!bounds.bounded()) return search(false);
  filter.push_back({now.equations, now.products});
  return search(false) || search(true);
}

bool InnerNewton::Impl::search(bool whole) {
  double alpha = 1;
  if (whole) {
    alpha = mesh.comm.min(
        bounds.reach(owned_part(chain.rho.back()), drho.back(), multipliers, control.min_left));
  }
  for (int halvings = 0; halvings <= control.max_halvings; ++halvings, alpha *= 0.5) {
    const InnerResiduals there = residuals(alpha, whole);
    if (!improves(there, alpha)) continue;
    for (std::size_t k = 0; k < chain.steps(); ++k) {
      moved_phi(k, alpha, chain.phi[k]);
      moved_rho(k, alpha, whole, chain.rho[k]);
    }
    std::swap(multipliers, trial);
    now = there;
    if (halvings == 0) damping = std::max(control.damping, control.damping_decay * damping);
    return true;
  }
  return false;
}

}  // namespace otto
