// Where Newton's method starts: at rest, from a guess of phi, from implicit Euler's density, or,
// without an entropy, from rho0 with phi = 0.

#include <algorithm>
#include <cmath>

#include "obstacles.h"
#include "otto/core/reproducible_sum.h"
#include "proximal_iteration.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

/// What rounding leaves of the chemical potential slope + V; `top`: the largest |V|.
double ProximalNewton::Impl::rest_rounding(double slope, double V, double top) const {
  const double kT = std::max(internal.temperature(), 0.0);
  return control.rest_rounding * epsilon * (std::abs(slope) + std::abs(V) + top + kT);
}

/// Of a sample of cells with mass two have chemical potentials that differ by more than rounding: no
/// need to look at all.
bool ProximalNewton::Impl::clearly_moves(double top) const {
  const std::size_t stride = std::max<std::size_t>(1, owned / std::size_t(control.rest_sample));
  double first = 0, room = infinity;
  for (std::size_t k = 0; k < owned; k += stride) {
    if (!(rho0[k] > empty)) continue;
    double slope = 0;
    internal.derivatives(std::span(rho0).subspan(k, 1), 0, std::span(&slope, 1), {});
    const double mu = slope + now.V[k], rounding = rest_rounding(slope, now.V[k], top);
    if (std::abs(mu - first) > room + rounding) return true;
    if (room < infinity) continue;
    first = mu;
    room = rounding;
  }
  return false;
}

/// The mean chemical potential g + V of the mass; collective.
double ProximalNewton::Impl::rest_level() const {
  double level = 0;
  for (int pass = 0; pass < 2; ++pass) {  // the second takes away the rounding of the first
    std::array<ReproducibleSum, 2> parts;
    for (std::size_t k = 0; k < owned; ++k) {
      if (!(rho0[k] > empty)) continue;
      const double m = mesh.volume[k] * rho0[k];
      parts[0] += m * (now.g[k] + now.V[k] - level);
      parts[1] += m;
    }
    const std::vector<double> sums = sums_of_all(mesh.comm, parts);
    level += sums[0] / sums[1];
  }
  return level;
}

/// rho0 with a constant phi, where that is the solution already: equilibria stay untouched. So says
/// every cell's own equation, whatever its mass; one that is empty must want to be emptier.
bool ProximalNewton::Impl::at_rest() {
  now.rho = rho0;
  external(now);
  double top = -infinity;
  for (std::size_t k = 0; k < owned; ++k) {
    if (rho0[k] > empty) top = std::max(top, std::abs(now.V[k]));
  }
  top = mesh.comm.max(top);
  if (mesh.comm.any(clearly_moves(top))) return false;
  internal.derivatives(owned_part(rho0), 0, now.g, {});
  const double level = rest_level();
  bool moved = !std::isfinite(level);
  for (std::size_t k = 0; k < owned && !moved; ++k) {
    const double miss = level - now.g[k] - now.V[k];
    const double rounding = rest_rounding(now.g[k], now.V[k], top);
    moved = rho0[k] > empty ? !(std::abs(miss) <= rounding) : !(miss <= rounding);
  }
  if (mesh.comm.any(moved)) return false;
  std::ranges::fill(now.phi, level);
  potential(now);
  residuals(now);
  return true;
}

/// From a guess of phi, with the density that continuity makes of rho0 under it (twice, since it
/// transports itself), unless the guess is poor: its errors would be many times the density in the
/// tails. Upwind weights take any guess: phi = 0 has no side from which mass comes.
bool ProximalNewton::Impl::start_warm(const std::vector<double>& phi) {
  now.phi = phi;
  now.rho = rho0;
  potential(now);
  for (int pass = 0; pass < 2; ++pass) {
    continuity(now);
    for (std::size_t k = 0; k < owned; ++k) {
      const double rho = now.rho[k];
      now.rho[k] = std::clamp(rho + now.r[k] / mesh.volume[k], control.warm_min_factor * rho,
                              control.warm_max_factor * rho);
    }
  }
  residuals(now);
  begin_iteration();
  warm = true;
  return now.optimality <= control.good_guess;
}

/// V += U'(rho0) - kT (log rho0 + 1), of densities that are not nothing: other terms may tend to
/// minus infinity there, too.
void ProximalNewton::Impl::add_other_slopes(std::span<double> V) {
  const double kT = internal.temperature(), min = control.other_terms_from * mean_density();
  for (std::size_t k = 0; k < owned; ++k) z[k] = std::max(rho0[k], min);
  internal.derivatives(z, 0, now.g, {});
  for (std::size_t k = 0; k < owned; ++k) V[k] += now.g[k] - kT * (std::log(z[k]) + 1);
}

/// kT, or without an entropy (fast diffusion) the temperature whose entropy is as stiff at the mean
/// density, rho U''(rho): emptier cells spread faster than that.
double ProximalNewton::Impl::guess_temperature() const {
  if (internal.temperature() > 0) return internal.temperature();
  const double density = mean_density();
  double stiffness = 0;
  internal.derivatives(std::span(&density, 1), 0, {}, std::span(&stiffness, 1));
  return density * stiffness;
}

/// field = V + W * rho of `now` and, beside an entropy, the slopes of the other terms.
void ProximalNewton::Impl::set_euler_potential() {
  std::ranges::copy(now.V, field.begin());
  if (internal.temperature() > 0 && !internal.entropy_only()) add_other_slopes(field);
  mesh.halo.update(mesh.comm, field);
}

/// Tails of the solution that weigh nothing and that no iteration has found.
void ProximalNewton::Impl::raise_tails() {
  const double tail = control.tail * mean_density();
  if (!euler->take_tails(now.rho, control.tail_factor * tail)) return;
  set_euler_potential();
  euler->raise_tails({guess_temperature(), step.tau, field, rho0}, tail, now.rho);
}

/// Implicit Euler's density and its chemical potential, no higher than where it is known.
void ProximalNewton::Impl::start_euler() {
  report.cold = true;
  const double kT = guess_temperature();
  now.rho = rho0;
  external(now);
  set_euler_potential();
  const SolveReport solve = euler->find({kT, step.tau, field, rho0}, now.rho);
  report.linear_iterations += solve.iterations;

  const auto hold =
      holding_rise(mesh, rho0, std::exp(-control.shut_jump) * mean_density(), step.tau);
  const auto shut = shut_cells(mesh, field, hold, control.shut_jump * kT, control.obstacle_layers);
  // mu of rho0 bounds that of the guess (a maximum principle), whatever its solve left
  external(now);
  internal.derivatives(owned_part(rho0), 0, z, {});
  internal.derivatives(owned_part(now.rho), 0, std::span(now.phi).first(owned), {});
  std::array<double, 2> top{-infinity, -infinity};
  for (std::size_t k = 0; k < owned; ++k) {
    now.phi[k] += now.V[k];
    if (shut[k] != 0) continue;
    if (rho0[k] > empty) top[0] = std::max(top[0], z[k] + now.V[k]);
    if (now.rho[k] > control.guess_known * mean_density()) top[1] = std::max(top[1], now.phi[k]);
  }
  start_below(std::min(mesh.comm.max(top[0]), mesh.comm.max(top[1])), shut);
}

/// Cells that are shut, or whose phi is above `top` because the guess does not know their density,
/// get phi from their neighbours and the density of that phi.
void ProximalNewton::Impl::start_below(double top, std::span<const char> shut) {
  std::vector<char> unknown(owned);
  for (std::size_t k = 0; k < owned; ++k) unknown[k] = shut[k] != 0 || now.phi[k] > top;
  extend_into(mesh, unknown, control.obstacle_layers, top, now.phi);
  potential(now);
  for (std::size_t k = 0; k < owned; ++k) z[k] = now.G[k] - now.V[k];
  internal.density(z, 0, z);
  for (std::size_t k = 0; k < owned; ++k) {
    if (unknown[k] != 0) now.rho[k] = std::max(empty, std::min(now.rho[k], z[k]));
  }
  residuals(now);
  begin_iteration();
}

/// phi = 0 and rho0: r = 0.
void ProximalNewton::Impl::start_unmoved() {
  report.cold = true;
  std::ranges::fill(now.phi, 0.0);
  now.rho = rho0;
  potential(now);
  residuals(now);
  begin_iteration();
}

void ProximalNewton::Impl::start_from_density() {
  if (euler) {
    start_euler();
  } else {
    start_unmoved();
  }
}

}  // namespace otto
