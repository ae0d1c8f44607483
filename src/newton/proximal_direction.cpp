// Newton's direction at an iterate, and the search along it.

#include <algorithm>
#include <cmath>

#include "otto/core/vector_math.h"
#include "proximal_iteration.h"

namespace otto {

/// Loose while the iterate is far from the solution; no tighter than the tolerance needs. Where
/// nothing but the bounds makes rho stiff, phi must be the better known the smaller nu is.
double ProximalNewton::Impl::linear_tolerance() const {
  const NewtonControl& c = control;
  if (!internal.has_slope())
    return care > 0 ? c.barrier_cold * std::sqrt(barrier.fraction()) : c.tightest;
  const double share = bounds.bounded() ? c.needed_bounded : c.needed_share;
  const double needed = std::max(c.min_needed, share * aim / now.optimality);
  const double loosest = bounds.bounded() ? (warm ? c.loosest_warm : c.loosest_bounded)
                         : warm           ? c.loosest_warm
                                          : c.loosest_cold;
  const double loose =
      std::clamp(c.forcing * std::sqrt(now.optimality), std::min(needed, loosest), loosest);
  return std::max(loose * care, c.tightest);
}

/// The density H is made with at least.
double ProximalNewton::Impl::held() const {
  if (bounds.bounded()) return 0;
  return std::max(control.held_density, damping * std::min(now.optimality, 1.0)) * mean_density();
}

/// The coefficients of H at `now`.
ProximalCoefficients ProximalNewton::Impl::linearise() {
  std::vector<double>& other_side = transport.centred() ? left : right;
  transport.slopes(now.phi, step.kappa * step.tau, left, other_side);
  const double min = held();
  for (std::size_t k = 0; k < local; ++k) {
    const double rho = step.kappa * now.rho[k] + (1 - step.kappa) * rho0[k];
    mean[k] = std::max(rho, min);
  }
  transport.conductances(now.phi, mean, step.tau, conductance);
  double softest = 0;  // 1/U'' of the held density
  if (min > 0) {
    internal.derivatives(std::span(&min, 1), 0, {}, std::span(&softest, 1));
    softest = 1 / softest;
  }
  for (std::size_t k = 0; k < owned; ++k) {
    omega[k] = mesh.volume[k] * std::max(now.inverse[k], softest);
  }
  return {omega, left, other_side, conductance};
}

/// dphi and drho at `now`. False where the linear solve fails.
bool ProximalNewton::Impl::direction(double rtol) {
  const ProximalCoefficients coefficients = linearise();
  const SolveReport solve =
      coupled ? solve_coupled(coefficients, rtol) : solve_single(coefficients, rtol);
  report.linear_iterations += solve.iterations;
  report.max_linear_iterations = std::max(report.max_linear_iterations, solve.iterations);
  if (solve.converged || solve.iterations >= max_linear()) return true;
  report.reason = "the linear solve inside Newton's method failed: " + solve.reason;
  return false;
}

SolveReport ProximalNewton::Impl::solve_coupled(const ProximalCoefficients& c, double rtol) {
  coupled->set(c);
  SolveReport solve = coupled->solve(now.r, now.g, dphi, drho, rtol);
  if (!(held() > 0)) return solve;
  // drho of the held density is that of a cell of more: once more with C itself
  std::ranges::copy(dphi, field.begin());
  mesh.halo.update(mesh.comm, field);
  Jacobian(transport, c.slope_left, c.slope_right).apply(field, rhs);
  std::ranges::fill(z, 0.0);
  if (energy.interaction()) energy.interaction()->potential(drho, z);
  for (std::size_t k = 0; k < owned; ++k) drho[k] = now.inverse[k] * (rhs[k] + now.g[k] - z[k]);
  return solve;
}

/// H dphi = r - J^T M g / C, and drho = (J dphi + g) / C.
SolveReport ProximalNewton::Impl::solve_single(const ProximalCoefficients& c, double rtol) {
  const Jacobian J(transport, c.slope_left, c.slope_right);
  system.set(c);
  for (std::size_t k = 0; k < owned; ++k) field[k] = now.inverse[k] * now.g[k];
  mesh.halo.update(mesh.comm, field);
  J.apply_adjoint(field, rhs);
  for (std::size_t k = 0; k < owned; ++k) rhs[k] = now.r[k] - rhs[k];
  using enum ProximalSystem::Stop;
  const bool near = opening <= control.small_change && !upwind;
  SolveReport solve = system.solve(rhs, dphi, rtol, near ? by_residual : by_energy, max_linear());
  std::ranges::copy(dphi, field.begin());
  mesh.halo.update(mesh.comm, field);
  J.apply(field, drho);
  for (std::size_t k = 0; k < owned; ++k) drho[k] = now.inverse[k] * (drho[k] + now.g[k]);
  return solve;
}

/// The densities along the direction, with an entropy alone: downwards rho moves as the continuity
/// equation wants, upwards its logarithm as U' does.
void ProximalNewton::Impl::move_entropy(double alpha) {
  const double kept = control.min_left, max = control.max_log_step, floor = empty;
  const double *rho = now.rho.data(), *change = drho.data();
  double *factor = z.data(), *to = trial.rho.data();
#pragma omp simd
  for (std::size_t k = 0; k < owned; ++k) factor[k] = std::min(alpha * change[k] / rho[k], max);
  exp_of(z, z);
#pragma omp simd
  for (std::size_t k = 0; k < owned; ++k) {
    const double move = alpha * change[k];
    const double down = std::max(rho[k] + move, kept * rho[k]);
    to[k] = std::max(move > 0 ? rho[k] * factor[k] : down, floor);
  }
}

/// The same with other energies and with bounds. `whole`: the direction as it is; else each density
/// goes as far as it may.
void ProximalNewton::Impl::move_density(double alpha, bool whole) {
  const double maximum = internal.maximum(), kept = control.min_left;
  for (std::size_t k = 0; k < owned; ++k) {
    const double rho = now.rho[k], to = rho + alpha * drho[k];
    trial.rho[k] = whole ? to : std::clamp(to, kept * rho, kept * rho + (1 - kept) * maximum);
    if (!bounds.bounded()) trial.rho[k] = std::max(trial.rho[k], empty);
  }
  if (bounds.bounded()) {
    bounds.move(owned_part(now.rho), drho, now.multipliers, alpha, kept, trial.multipliers);
  }
}

/// Along the direction: rho moved by its own Newton step, or the density of the new phi, whichever
/// leaves less.
void ProximalNewton::Impl::try_step(double alpha, bool whole) {
  for (std::size_t k = 0; k < owned; ++k) trial.phi[k] = now.phi[k] + alpha * dphi[k];
  potential(trial);
  if (internal.entropy_only() && !bounds.bounded()) {
    move_entropy(alpha);
  } else {
    move_density(alpha, whole);
  }
  residuals(trial);
  const bool poor = !(trial.optimality <= control.dual_share * now.optimality);
  if (!bounds.bounded() && poor) try_dual_density();
}

void ProximalNewton::Impl::try_dual_density() {
  other.phi = trial.phi;
  other.G = trial.G;
  find_density(other, trial.V);
  residuals(other);
  const bool finite = std::isfinite(other.optimality);  // densities of a phi far off overflow
  if (finite && !(trial.optimality <= other.optimality)) std::swap(trial, other);
}

/// Moves `now` along the direction. False where no length of step improves it.
bool ProximalNewton::Impl::search() { return search(false) || (bounds.bounded() && search(true)); }

/// The optimality of `trial`, its g weighed by the densities of `now`. Newton's direction reduces it
/// where it may not reduce the optimality itself: in a cell that fills, vol |g| / U'' grows with the
/// density while g waits for phi.
double ProximalNewton::Impl::optimality_as_now() const {
  if (!(trial.optimality <= control.weight_growth * min_optimality)) return trial.optimality;
  std::array<ReproducibleSum, 1> errors;
  add_terms(errors, owned, [&](std::size_t k, auto put) {
    put(std::abs(trial.r[k]) + mesh.volume[k] * now.inverse[k] * std::abs(trial.g[k]));
  });
  return sums_of_all(mesh.comm, errors)[0] / mass;
}

/// Near bounds the equations and the products s rho count apart (a filter: Fletcher and Leyffer
/// 2002): an iterate must improve on one of the two of every earlier one with this nu.
bool ProximalNewton::Impl::improves(double alpha) const {
  const double part = 1 - control.sufficient_decrease * alpha;
  if (!bounds.bounded()) {
    const double less = part * now.optimality;
    return trial.optimality <= less || optimality_as_now() <= less;
  }
  if (on_patch && !(trial.optimality <= control.patch_growth * now.optimality)) return false;
  if (!std::isfinite(trial.optimality)) return false;
  if (trial.optimality <= part * now.optimality) return true;
  return std::ranges::all_of(filter, [&](const std::array<double, 2>& f) {
    return trial.equations <= part * f[0] || trial.products <= part * f[1];
  });
}

bool ProximalNewton::Impl::search(bool whole) {
  double alpha = 1;
  if (whole) {
    alpha =
        mesh.comm.min(bounds.reach(owned_part(now.rho), drho, now.multipliers, control.min_left));
  }
  if (bounds.bounded() && !whole) filter.push_back({now.equations, now.products});
  for (int k = 0; k <= control.max_halvings; ++k, alpha *= 0.5) {
    try_step(alpha, whole);
    if (!improves(alpha)) continue;
    std::swap(now, trial);
    min_optimality = std::min(min_optimality, now.optimality);
    if (k == 0) damping = std::max(control.damping, control.damping_decay * damping);
    return true;
  }
  return false;
}

}  // namespace otto
