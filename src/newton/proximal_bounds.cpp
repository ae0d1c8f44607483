// Starts and ends where 0 <= rho [<= P] are bounds (interior_point.h, step_barrier.h).

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "proximal_iteration.h"

namespace otto {

/// The first barrier; a cold start guesses phi = mu(rho0).
void ProximalNewton::Impl::start_bounded(const std::vector<double>& phi, bool cold) {
  report.cold = cold;
  now.phi = phi;
  const std::vector<double>& base = barrier.base();
  now.rho = base;
  external(now);
  if (cold) {
    internal.derivatives(owned_part(base), 0, std::span(now.phi).first(owned), {});
    for (std::size_t k = 0; k < owned; ++k) {
      const double mu = now.phi[k] + now.V[k];
      now.phi[k] = base[k] > 0 ? mu : std::min(mu, barrier.highest_guess());
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
  on_path.fraction = 0;
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

void ProximalNewton::Impl::set_barrier_fraction(double to) {
  filter.clear();
  barrier.set(to, rho0);
}

/// Lowers the barrier once the iterate is close to its path.
void ProximalNewton::Impl::lower_barrier_fraction() {
  double fraction = barrier.fraction();
  while (barrier.lower(now.optimality, warm, rho0)) {
    on_path = {fraction, 0, now.phi, now.rho, now.multipliers};
    fraction = barrier.fraction();
    filter.clear();
    residuals(now);
    on_path.opening = now.optimality;
  }
}

/// Whether the iterate has lost the path since the barrier fell: the filter lets one pass that is far
/// from all solutions if its products are good. Where that is the way around, the next one, after
/// `before`, is back or on the way.
bool ProximalNewton::Impl::strays(double before) const {
  const double far = control.barrier_stray * on_path.opening;
  return on_path.fraction > 0 && before > far &&
         !(now.optimality <= std::max(far, control.barrier_back * before));
}

/// To the last iterate near the path, from where the barrier falls by less.
bool ProximalNewton::Impl::return_to_path() {
  if (!barrier.retreat(on_path.fraction, rho0)) return false;
  filter.clear();
  now.phi = on_path.phi;
  now.rho = on_path.rho;
  now.multipliers = on_path.multipliers;
  potential(now);
  residuals(now);
  on_path.fraction = 0;
  return true;
}

}  // namespace otto
