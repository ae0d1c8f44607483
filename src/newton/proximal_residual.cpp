// r, g and the optimality (sum |r| + sum vol |g| / C) / mass of an iterate.

#include <algorithm>
#include <cmath>

#include "proximal_iteration.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

/// G(phi); ghosts of phi filled.
void ProximalNewton::Impl::potential(Iterate& it) {
  mesh.halo.update(mesh.comm, it.phi);
  transport.hamilton_jacobi(it.phi, step.kappa * step.tau, it.G);
}

/// rho = U*'(G - V); with bounds that of U and its barrier.
void ProximalNewton::Impl::find_density(Iterate& it, std::span<const double> V) {
  for (std::size_t k = 0; k < owned; ++k) z[k] = it.G[k] - V[k];
  internal.density(z, bounds.bounded() ? bounds.nu() : 0, std::span(it.rho).first(owned));
  if (bounds.bounded()) return;
  for (std::size_t k = 0; k < owned; ++k) it.rho[k] = std::max(it.rho[k], empty);
}

/// V + W * rho.
void ProximalNewton::Impl::external(Iterate& it) {
  it.V = step.V.first(owned);
  if (!energy.interaction()) return;
  energy.interaction()->potential(owned_part(it.rho), z);
  it.with_interaction.resize(owned);
  for (std::size_t k = 0; k < owned; ++k) it.with_interaction[k] = step.V[k] + z[k];
  it.V = it.with_interaction;
}

/// r and this rank's kinetic energy; ghosts of rho filled.
void ProximalNewton::Impl::continuity(Iterate& it) {
  mesh.halo.update(mesh.comm, it.rho);
  const double kappa = step.kappa;
  for (std::size_t k = 0; k < local; ++k) {
    mean[k] = kappa * it.rho[k] + (1 - kappa) * rho0[k];
  }
  for (std::size_t k = 0; k < owned; ++k) it.r[k] = mesh.volume[k] * (rho0[k] - it.rho[k]);
  it.kinetic = transport.leave(it.phi, mean, -step.tau, it.r);
}

/// r, g and their sums, G being known. A cell that is empty and wants to be emptier has g = 0.
void ProximalNewton::Impl::residuals(Iterate& it) {
  const auto rho = owned_part(it.rho);
  continuity(it);
  external(it);
  internal.derivatives(rho, 0, it.g, it.inverse);
  // g counts as the density that would make up for it, bounds apart
  const double stiff = bounds.bounded() ? mean_density() / scale : infinity;
  double size = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double slope = it.g[k];
    it.g[k] = it.G[k] - slope - it.V[k];
    if (rho[k] <= empty && it.g[k] < 0) it.g[k] = 0;
    z[k] = std::abs(it.G[k]) + std::abs(it.V[k]) + std::abs(slope);
    field[k] = std::min(1 / it.inverse[k], stiff);
  }
  double total = 0;
  if (bounds.bounded()) {
    const double close = std::min(mean_density(), 0.5 * internal.maximum());
    bounds.settle(rho, it.g, close, control.min_left, it.multipliers);
  }
  const double products =
      bounds.apply(mesh.volume, rho, it.multipliers, it.g, it.inverse, push, total) / scale;
  double sum = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double vol = mesh.volume[k];
    it.inverse[k] = 1 / it.inverse[k];
    it.error[k] = std::abs(it.r[k]) + vol * field[k] * std::abs(it.g[k]);
    sum += it.error[k];
    size += vol * (rho[k] + field[k] * z[k]);
    it.g[k] += push[k];
    if (bounds.bounded() && !bounds.above())
      it.error[k] += vol * std::abs(it.multipliers.below[k] * rho[k] - bounds.nu()) / scale;
  }
  std::array<double, 5> sums{sum, size, it.kinetic, total, products};
  mesh.comm.sum_in_place(sums);
  it.equations = sums[0] / mass;
  it.products = sums[4] / mass;
  it.optimality = it.equations + it.products;
  it.floor = 4 * epsilon * sums[1] / mass;
  it.kinetic = sums[2];
  it.gap = sums[3] + it.optimality * mass * scale;
}

}  // namespace otto
