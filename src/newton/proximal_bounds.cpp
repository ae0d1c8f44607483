// Starts and ends where 0 <= rho [<= P] are bounds (interior_point.h): the barrier, and the final
// density.

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "proximal_iteration.h"

namespace otto {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

/// An energy per mass of the step's order: what U', V and W * rho make of the mass; were there
/// nothing, a trifle of what moving it by the width of a cell costs.
double ProximalNewton::Impl::energy_scale() {
  const auto rho = owned_part(rho0);
  internal.derivatives(rho, 0, z, {});
  std::array<ReproducibleSum, 3> parts;
  for (std::size_t k = 0; k < owned; ++k) {
    const double weight = mesh.volume[k] * rho[k];
    if (!(weight > 0)) continue;
    parts[0] += weight * step.V[k];
    parts[1] += weight * std::abs(z[k]);
    parts[2] += weight * std::abs(now.V[k] - step.V[k]);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  const double centre = sums[0] / mass;
  ReproducibleSum spread;
  for (std::size_t k = 0; k < owned; ++k) {
    spread += mesh.volume[k] * rho[k] * std::abs(step.V[k] - centre);
  }
  const double h2 = std::pow(volume / double(mesh.global_cells), 2.0 / mesh.dimension);
  return std::max((sums[1] + sums[2] + sum_of_all(mesh.comm, spread)) / mass,
                  control.min_energy * h2 / step.tau);
}

/// Over rho0's place: what the barrier puts into an empty cell, over what it puts where V is that of
/// the mass, is 1/max(1, (V - its mean)/(obstacle E)). Returns the largest phi a cold start may
/// guess: no mass is sent from the top of an obstacle.
double ProximalNewton::Impl::weigh_filling() {
  ReproducibleSum moment, fillings;
  moment.add(owned, [&](std::size_t k) { return mesh.volume[k] * base[k] * step.V[k]; });
  const double level = sum_of_all(mesh.comm, moment) / mass;
  double top = -infinity;
  filling.resize(local);
  for (std::size_t k = 0; k < local; ++k) {
    filling[k] = 1 / std::max(1.0, (step.V[k] - level) / (control.obstacle * scale));
    if (base[k] > 0) top = std::max(top, step.V[k]);
    if (k < owned) fillings += mesh.volume[k] * filling[k];
  }
  filled = sum_of_all(mesh.comm, fillings) / volume;
  return mesh.comm.max(top) + control.highest_guess * scale;
}

/// The first barrier; a cold start guesses phi = mu(rho0).
void ProximalNewton::Impl::start_bounded(const std::vector<double>& phi, bool cold) {
  report.cold = cold;
  now.phi = phi;
  now.rho = base;
  external(now);
  scale = energy_scale();
  const double top = weigh_filling();
  if (cold) {
    internal.derivatives(owned_part(base), 0, std::span(now.phi).first(owned), {});
    for (std::size_t k = 0; k < owned; ++k) {
      now.phi[k] = base[k] > 0 ? now.phi[k] + now.V[k] : std::min(now.phi[k] + now.V[k], top);
    }
  }
  potential(now);
  if (cold || stiff()) {
    set_barrier_fraction(cold ? control.barrier_cold : control.barrier_warm);
    now.rho = rho0;
  } else {
    start_bounded_warm();
  }
  bounds.begin(owned_part(now.rho), now.multipliers);
  residuals(now);
  begin_iteration();
  warm = !cold;
}

/// The density of the guess, and a barrier as large as what it leaves of the continuity equation
/// asks: a pair that is nearer to the solution than its path is wide would have to find back to it.
void ProximalNewton::Impl::start_bounded_warm() {
  set_barrier_fraction(control.barrier_warm);
  find_density(now, now.V);
  continuity(now);
  ReproducibleSum left_over;
  for (const double r : now.r) left_over += std::abs(r);
  const double missing = control.barrier_of_guess * sum_of_all(mesh.comm, left_over) / mass;
  set_barrier_fraction(std::clamp(missing, control.barrier_least, control.barrier_cold));
  find_density(now, now.V);
}

/// The barrier, and rho0 with as much in empty cells as it puts there: else mass would have to come
/// from far away.
void ProximalNewton::Impl::set_barrier_fraction(double to) {
  filter.clear();
  barrier_fraction = std::max(to, control.barrier_last);
  bounds.set_nu(barrier_fraction * scale * mean_density());
  const double more = barrier_fraction * mean_density();
  for (std::size_t k = 0; k < local; ++k) {
    rho0[k] = (base[k] + more * filling[k]) / (1 + barrier_fraction * filled);
  }
}

/// Lowers the barrier once the iterate is close to its path.
void ProximalNewton::Impl::lower_barrier_fraction() {
  const double close = warm ? control.barrier_close_warm : control.barrier_close;
  while (barrier_fraction > control.barrier_last && now.optimality <= close * barrier_fraction) {
    set_barrier_fraction(std::min(control.barrier_factor * barrier_fraction,
                                  std::pow(barrier_fraction, control.barrier_power)));
    residuals(now);
  }
}

/// The final density: cells that are all but empty are, and the mass is right to rounding. A crowd
/// may have no room elsewhere for what they held.
void ProximalNewton::Impl::sharpen() {
  const std::vector<double>& s = now.multipliers.below;
  const double unit = control.edge * mean_density() / scale;
  for (std::size_t k = 0; !bounds.above() && k < s.size(); ++k) {
    if (now.rho[k] < unit * s[k]) now.rho[k] = 0;
  }
  fill();
}

/// rho + c rho (P - rho)/P, c such that the mass is right.
void ProximalNewton::Impl::fill() {
  const double maximum = internal.maximum();
  const auto room = [&](double rho) {
    return maximum < infinity ? rho * (1 - rho / maximum) : rho;
  };
  std::array<ReproducibleSum, 2> parts;
  for (std::size_t k = 0; k < owned; ++k) {
    parts[0] += mesh.volume[k] * now.rho[k];
    parts[1] += mesh.volume[k] * room(now.rho[k]);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  const double c = sums[1] > 0 ? std::clamp((mass - sums[0]) / sums[1], -0.5, 0.5) : 0.0;
  for (std::size_t k = 0; k < owned; ++k) now.rho[k] += c * room(now.rho[k]);
  mesh.halo.update(mesh.comm, now.rho);
}

/// How far above the least value of the step's functional it may be: what the multipliers say, and
/// what filling rho0 cost.
double ProximalNewton::Impl::gap() const {
  ReproducibleSum cost;
  for (std::size_t k = 0; k < owned; ++k) {
    cost += mesh.volume[k] * (rho0[k] - base[k]) * now.V[k];
  }
  return now.gap + std::abs(sum_of_all(mesh.comm, cost));
}

}  // namespace otto
