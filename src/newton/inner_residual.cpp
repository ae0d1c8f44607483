// r_k, g_k and the optimality of an iterate, or of one moved along the direction.

#include <algorithm>
#include <cmath>
#include <utility>

#include "inner_iteration.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

}  // namespace

/// V = that of the step + W * rho.
void InnerNewton::Impl::external(std::span<const double> rho) {
  std::ranges::copy(step->V.first(owned), V.begin());
  if (!energy.interaction()) return;
  energy.interaction()->potential(rho.first(owned), z);
  for (std::size_t i = 0; i < owned; ++i) V[i] += z[i];
}

void InnerNewton::Impl::moved_phi(std::size_t k, double alpha, std::span<double> to) const {
  const auto &phi = chain.phi[k], &move = dphi[k];
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = phi[i] + alpha * move[i];
}

/// The last density falls as the continuity equation wants and rises along U', as for N = 1, unless
/// the direction is taken as a `whole`. Those between have no energy: nothing but the continuity
/// equation holds them, and they may be negative.
void InnerNewton::Impl::moved_rho(std::size_t k, double alpha, bool whole,
                                  std::span<double> to) const {
  const auto &rho = chain.rho[k], &move = drho[k];
  const bool free = whole || k + 1 < chain.steps(), entropy = internal.entropy_only();
  const double left = bounds.bounded() ? control.min_left : control.inner_left;
  const double maximum = internal.maximum();
  for (std::size_t i = 0; i < to.size(); ++i) {  // `to` may be rho
    const double from = rho[i], by = alpha * move[i];
    double there = from + by;
    if (free) {
      to[i] = there;
      continue;
    }
    if (entropy && by > 0) there = from * std::exp(std::min(by / from, control.max_log_step));
    to[i] = std::clamp(there, control.min_left * from, left * from + (1 - left) * maximum);
  }
}

/// inverse = 1 / U''(|rho|), at most what a residual counts as density.
void InnerNewton::Impl::curvature(std::span<const double> rho) {
  for (std::size_t i = 0; i < owned; ++i) z[i] = std::abs(rho[i]);
  internal.derivatives(z, 0, {}, inverse);
  const double softest = barrier.softest();
  for (double& v : inverse) v = std::min(1 / v, softest);
}

/// target = U'(rho) + V + W * rho.
void InnerNewton::Impl::end_potential(std::span<const double> rho) {
  external(rho);
  internal.derivatives(rho.first(owned), 0, target, {});
  for (std::size_t i = 0; i < owned; ++i) target[i] += V[i];
}

/// g_N += s - q of the multipliers, inverse = 1/C and the push of the bounds.
void InnerNewton::Impl::end_equation(std::span<const double> rho, const Multipliers& m,
                                     ReproducibleSum& products, ReproducibleSum& total) {
  internal.derivatives(rho.first(owned), 0, {}, inverse);
  bounds.apply(mesh.volume, rho.first(owned), m, g, inverse, push, products, total);
  for (double& v : inverse) v = 1 / v;
}

/// to += r_k.
void InnerNewton::Impl::mass_residual(std::span<const double> phi, std::span<const double> before,
                                      std::span<const double> after, std::span<double> to,
                                      ReproducibleSum* kinetic) {
  const double kappa = chain.kappa;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    mean[i] = kappa * after[i] + (1 - kappa) * before[i];
  }
  transport.leave(phi, mean, -chain.d, to, kinetic);
  for (std::size_t i = 0; i < owned; ++i) to[i] += mesh.volume[i] * (before[i] - after[i]);
}

/// Of the iterate moved by alpha along the direction; `trial` becomes its multipliers.
InnerResiduals InnerNewton::Impl::residuals(double alpha, bool whole) {
  const std::size_t N = chain.steps();
  std::array<ReproducibleSum, 5> parts;  // errors, their terms, kinetic energy, products, s rho
  moved_rho(N - 1, alpha, whole, upper);
  end_potential(upper);
  for (std::size_t k = N; k-- > 0;) {  // target: what G+(phi_k) is to be
    moved_phi(k, alpha, p);
    if (k > 0) {
      moved_rho(k - 1, alpha, whole, lower);
    } else {
      std::ranges::copy(chain.rho0, lower.begin());
    }
    transport.hamilton_jacobi(p, chain.kappa * chain.d, G);
    for (std::size_t i = 0; i < owned; ++i) g[i] = G[i] - target[i];
    if (k + 1 == N && bounds.bounded()) {
      const auto last = owned_part(chain.rho[k]), there = owned_part(upper);
      bounds.move(last, drho[k], multipliers, alpha, control.min_left, trial);
      const double close = std::min(mean_density, 0.5 * internal.maximum());
      bounds.settle(there, g, close, control.min_left, trial);
      end_equation(there, trial, parts[3], parts[4]);
    }
    curvature(upper);
    std::ranges::fill(r, 0.0);
    mass_residual(p, lower, upper, r, &parts[2]);
    for (std::size_t i = 0; i < owned; ++i) {
      const double vol = mesh.volume[i];
      parts[0] += std::abs(r[i]) + vol * inverse[i] * std::abs(g[i]);
      parts[1] += vol * (std::abs(upper[i]) + inverse[i] * (std::abs(G[i]) + std::abs(target[i])));
    }
    transport.hamilton_jacobi(p, -(1 - chain.kappa) * chain.d, target);
    std::swap(upper, lower);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  InnerResiduals there{.equations = sums[0] / mass,
                       .products = sums[3] / barrier.scale() / mass,
                       .floor = 4 * epsilon * sums[1] / mass,
                       .kinetic = sums[2] / double(N)};
  there.optimality = there.equations + there.products;
  if (bounds.bounded()) there.gap = sums[4] + there.optimality * mass * barrier.scale();
  return there;
}

/// `now` of the iterate; near a bound its multipliers take up what is left.
void InnerNewton::Impl::look() {
  now = residuals(0, false);
  std::swap(multipliers, trial);
}

}  // namespace otto
