// r, g and the optimality (sum |r| + sum vol |g| / C) / mass of an iterate.

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "proximal_iteration.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

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

/// r and, in `kinetic`, the terms of the kinetic energy; ghosts of rho filled.
void ProximalNewton::Impl::continuity(Iterate& it, ReproducibleSum* kinetic) {
  mesh.halo.update(mesh.comm, it.rho);
  const double kappa = step.kappa;
  for (std::size_t k = 0; k < local; ++k) {
    mean[k] = kappa * it.rho[k] + (1 - kappa) * rho0[k];
  }
  for (std::size_t k = 0; k < owned; ++k) it.r[k] = mesh.volume[k] * (rho0[k] - it.rho[k]);
  transport.leave(it.phi, mean, -step.tau, it.r, kinetic);
}

/// g, 1/C and their sums of the cells from `begin` on: the mass-weighted sizes of r and g, of their
/// terms, and the products of the bounds. With bounds all cells at once.
void ProximalNewton::Impl::residuals(Iterate& it, std::size_t begin, std::size_t n,
                                     ResidualSums& sums) {
  const auto g = std::span(it.g).subspan(begin, n),
             inverse = std::span(it.inverse).subspan(begin, n);
  const std::span<const double> rho(it.rho.data() + begin, n);
  const std::span<const double> volumes(mesh.volume.data() + begin, n);
  internal.derivatives(rho, 0, g, inverse);
  // g counts as the density that would make up for it, bounds apart
  const double stiff = barrier.softest(), nothing = empty;
  const double *G = it.G.data() + begin, *V = it.V.data() + begin, *r = it.r.data() + begin;
  double *size = z.data(), *dual = field.data();
#pragma omp simd
  for (std::size_t k = 0; k < n; ++k) {
    const double slope = g[k], miss = G[k] - slope - V[k];
    g[k] = rho[k] <= nothing && miss < 0 ? 0.0 : miss;
    size[k] = std::abs(G[k]) + std::abs(V[k]) + std::abs(slope);
    dual[k] = std::min(1 / inverse[k], stiff);
  }
  if (bounds.bounded()) {
    const double close = std::min(mean_density(), 0.5 * internal.maximum());
    bounds.settle(rho, g, close, control.min_left, it.multipliers);
  }
  const auto pushed = std::span(push).first(n);
  bounds.apply(volumes, rho, it.multipliers, g, inverse, pushed, sums.products, sums.total);
  add_terms(sums.errors, n, [&](std::size_t k, auto put_error, auto put_terms) {
    const double vol = volumes[k], error = std::abs(r[k]) + vol * dual[k] * std::abs(g[k]);
    inverse[k] = 1 / inverse[k];
    const double terms = vol * (rho[k] + dual[k] * size[k]);
    g[k] += pushed[k];
    dual[k] = error;
    put_error(error);
    put_terms(terms);
  });
  if (bounds.bounded()) std::copy_n(dual, n, it.error.data() + begin);
}

/// How far above F(rho0) what is left of the equations may leave F(rho): by the convexity of U,
///
///   F(rho) - F(rho0) <= <G - g, rho - rho0> = -tau <G, L phi> - <G, r> - <g, rho - rho0>,
///
/// of which the first part is not positive at a solution. G counts over its mean, since r sums to 0.
double ProximalNewton::Impl::energy_excess() const {
  std::array<ReproducibleSum, 4> parts;
  for (std::size_t k = 0; k < owned; ++k) {
    const double vol = mesh.volume[k];
    parts[0] += now.G[k] * now.r[k];
    parts[1] += now.r[k];
    parts[2] += vol * now.rho[k] * now.G[k];
    parts[3] += vol * now.g[k] * (now.rho[k] - rho0[k]);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  return std::abs(sums[0] - sums[2] / mass * sums[1]) + std::abs(sums[3]);
}

/// r, g and their sums, G being known. A cell that is empty and wants to be emptier has g = 0.
void ProximalNewton::Impl::residuals(Iterate& it) {
  ResidualSums part;
  continuity(it, &part.kinetic);
  external(it);
  const std::size_t at_once = bounds.bounded() ? owned : control.residual_cells;
  for (std::size_t begin = 0; begin < owned; begin += at_once) {
    residuals(it, begin, std::min(at_once, owned - begin), part);
  }
  for (std::size_t k = 0; k < owned && bounds.bounded() && !bounds.above(); ++k) {
    it.error[k] += mesh.volume[k] * std::abs(it.multipliers.below[k] * it.rho[k] - bounds.nu()) /
                   barrier.scale();
  }
  const std::vector<double> sums = sums_of_all(
      mesh.comm,
      std::array{part.errors[0], part.errors[1], part.kinetic, part.total, part.products});
  it.equations = sums[0] / mass;
  it.products = sums[4] / barrier.scale() / mass;
  it.optimality = it.equations + it.products;
  it.floor = 4 * epsilon * sums[1] / mass;
  it.kinetic = sums[2];
  it.gap = sums[3] + it.optimality * mass * barrier.scale();
}

}  // namespace otto
