#include "otto/newton/proximal_newton.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "proximal_iteration.h"

namespace otto {

ProximalNewton::Impl::Impl(const FreeEnergy& e, const Transport& t, SolverOptions options,
                           const NewtonControl& c)
    : energy(e),
      internal(e.internal()),
      transport(t),
      mesh(t.mesh()),
      control(c),
      barrier(e, t.mesh(), control),
      bounds(barrier.bounds),
      system(t, options, stiff()),
      patch(t),
      tolerance(std::min(c.tolerance, c.rtol_factor * options.rtol)),
      aim(tolerance),
      owned(std::size_t(mesh.owned)),
      local(std::size_t(mesh.local())),
      faces(std::size_t(mesh.faces.size())) {
  for (Iterate* it : {&now, &trial, &other}) {
    it->phi.resize(local);
    it->rho.resize(local);
    for (auto* v : {&it->G, &it->r, &it->g, &it->inverse, &it->error}) v->resize(owned);
  }
  for (auto* v : {&left, &right, &conductance}) v->resize(faces);
  for (auto* v : {&mean, &field}) v->resize(local);
  volume = integral(mesh, std::vector<double>(owned, 1.0));
  for (auto* v : {&omega, &rhs, &dphi, &drho, &z, &push}) v->resize(owned);
  if (energy.interaction() || stiff()) {
    coupled = std::make_unique<CoupledSystem>(transport, energy.interaction(), system);
  }
  if (!bounds.bounded()) {
    euler = std::make_unique<EulerGuess>(mesh, options, control);
  }
}

/// At a new start; `now` is its first iterate.
void ProximalNewton::Impl::begin_iteration() {
  opening = min_optimality = now.optimality;
  spent = report.iterations;
  care = 1;
  damping = control.damping;
  warm = false;
}

/// Whether a warm start is the wrong one: `before` is the optimality of the last iterate.
bool ProximalNewton::Impl::slow(double before) const {
  return warm && !upwind && !bounds.bounded() && now.optimality > control.warm_progress * before &&
         now.optimality > control.warm_near * std::max(aim, now.floor);
}

/// A search that failed after a tight solve, as near as this, has found what carries mass: what is
/// left are cells whose phi no solve in double precision knows.
bool ProximalNewton::Impl::stalled_near_goal() const {
  return !bounds.bounded() && care < 1 && now.optimality <= control.stalled_factor * aim;
}

/// After a search that failed: a tighter solve near bounds, else one a little tighter with larger
/// held densities. False: neither is left.
bool ProximalNewton::Impl::try_harder(double rtol) {
  if (bounds.bounded()) {
    care = 0;
    return rtol > control.tightest;
  }
  if (damping >= control.damping_max || min_optimality > control.lost) return false;
  care = std::max(control.min_care, control.care_failed * care);
  damping = std::max(control.damping_growth * damping, control.damping_raised);
  return true;
}

int ProximalNewton::Impl::max_iterations() const {
  if (!bounds.bounded()) return control.max_iterations;
  return warm ? control.max_iterations_warm : control.max_iterations_bounded;
}

/// How much tighter linear solves are to be than they were. Tails weigh nothing in a loose solve,
/// but their logarithms count; near bounds densities of the edge do.
void ProximalNewton::Impl::adjust_care(double rtol, double before) {
  if (bounds.bounded() && !internal.has_slope()) return;
  const double foreseen =
      bounds.bounded() ? control.warm_progress : control.care_from * std::max(rtol, before);
  const bool slow = now.optimality > foreseen * before;
  care = slow ? care * control.care_factor : std::min(1.0, care * control.care_recovery);
  if (!bounds.bounded()) care = std::max(control.min_care, care);
}

/// From `now` to the solution; else says why not in the report.
bool ProximalNewton::Impl::iterate() {
  for (;;) {
    if (bounds.bounded()) lower_barrier_fraction();
    const double goal = std::max(aim, now.floor);
    if (barrier.ended() && now.optimality <= goal) return true;
    if (report.iterations - spent >= max_iterations() || !std::isfinite(now.optimality)) {
      report.reason = fmt::format(
          "Newton's method stands at an optimality of {:.2g} after {} "
          "iterations",
          now.optimality, report.iterations);
      return false;
    }
    const double rtol = linear_tolerance(), before = now.optimality;
    ++report.iterations;
    if (!direction(rtol)) return false;
    if (search()) {
      if (bounds.bounded() && !stiff()) iterate_patches();
      if (strays(before)) {
        if (return_to_path()) continue;
        report.reason = "Newton's method has lost the path of the barrier";
        return false;
      }
      if (slow(before)) {
        report.reason = "the guess of phi was poor";
        return false;
      }
      adjust_care(rtol, before);
      continue;
    }
    if (now.optimality <= control.rounding_factor * now.floor || stalled_near_goal()) return true;
    if (try_harder(rtol)) continue;
    report.reason = fmt::format("no step along Newton's direction improves an optimality of {:.2g}",
                                now.optimality);
    return false;
  }
}

/// The problem at x. Where U is divided by x, that of U, x V, tau / x and x phi: the same one.
void ProximalNewton::Impl::set_path(Path path, double x, const ProximalStep& whole,
                                    std::vector<double>& V) {
  step = whole;
  step.tau = path == Path::time ? x * whole.tau : whole.tau / x;
  if (path == Path::time || x >= 1) return;
  V.resize(local);
  for (std::size_t k = 0; k < local; ++k) V[k] = x * whole.V[k];
  step.V = V;
}

/// The solution for x < 1 as a guess for the next x, from where implicit Euler's is good enough.
/// Solutions depend smoothly on x (H is positive definite), so that steps short enough succeed.
void ProximalNewton::Impl::follow_path(Path path) {
  const ProximalStep whole = step;
  const bool heat = path == Path::heat;
  double x = heat ? control.path_heat : control.path_time, factor = 1 / control.path_factor;
  double reached = 0;
  std::vector<double> V, phi, rho;
  for (int stage = 0; stage < control.path_stages && !report.converged; ++stage) {
    aim = x < 1 ? control.path_tolerance : tolerance;
    set_path(path, x, whole, V);
    if (reached > 0) {
      now.phi = phi;
      for (double& v : now.phi) v *= heat ? x / reached : 1;
      now.rho = rho;
      potential(now);
      residuals(now);
      begin_iteration();
    } else {
      start_from_density();
    }
    if (iterate()) {
      reached = x;
      phi = now.phi;
      rho = now.rho;
      report.converged = x >= 1;
    } else if (reached > 0) {
      factor = std::sqrt(factor);
      if (factor < control.min_path_factor) break;
    }
    x = reached > 0 ? std::min(1.0, reached * factor) : x * control.path_factor;
  }
  step = whole;
  aim = tolerance;
  external(now);
}

/// From a guess of phi; where that fails, or there is none, from the density.
bool ProximalNewton::Impl::solve_bounded(const std::vector<double>& phi) {
  now.rho = rho0;
  external(now);
  barrier.begin(step, rho0, now.V, mass);
  if (!step.cold) {
    start_bounded(phi, false);
    if (iterate()) return true;
  }
  start_bounded(phi, true);
  return iterate();
}

void ProximalNewton::Impl::solve_from(const std::vector<double>& phi) {
  report.cold = step.cold;
  if (bounds.bounded()) {
    report.converged = solve_bounded(phi);
    if (report.converged) barrier.sharpen(now.multipliers, now.rho);
    return;
  }
  if (at_rest()) {
    report.converged = true;
    return;
  }
  report.converged = !step.cold && start_warm(phi) && iterate();
  if (report.converged) return;
  start_from_density();
  report.converged = iterate();
  if (report.converged || !step.paths) return;
  report.followed_path = true;
  if (!energy.interaction()) follow_path(Path::heat);
  if (!report.converged) follow_path(Path::time);
}

ProximalNewton::ProximalNewton(const FreeEnergy& energy, const Transport& transport,
                               SolverOptions options, const NewtonControl& control)
    : impl_(std::make_unique<Impl>(energy, transport, options, control)) {}
ProximalNewton::~ProximalNewton() = default;

const std::vector<double>& ProximalNewton::start() const { return impl_->rho0; }

NewtonReport ProximalNewton::solve(const ProximalStep& step, std::vector<double>& phi,
                                   std::vector<double>& rho) {
  Impl& n = *impl_;
  n.step = step;
  n.report = {};
  n.rho0.assign(step.rho0.begin(), step.rho0.end());
  n.mass = integral(n.mesh, n.rho0);
  n.empty = 0;
  if (n.internal.keeps_positive()) {  // U'(0) = -inf: cells where the density has underflowed
    n.empty = n.control.empty * n.mass;
    for (double& r : n.rho0) r = std::max(r, n.empty);
  }
  n.upwind = !n.mesh.comm.any(!n.transport.upwind());
  phi.resize(n.local);
  n.system.begin(n.bounds.bounded() && !n.stiff());
  n.solve_from(phi);
  if (n.report.converged)
    n.report.gap = n.bounds.bounded() ? n.now.gap + n.barrier.filling_cost(n.rho0, n.now.V)
                                      : n.energy_excess();
  if (n.report.converged && n.euler) n.raise_tails();
  phi.swap(n.now.phi);
  rho.swap(n.now.rho);
  n.report.optimality = n.now.optimality;
  n.report.kinetic = n.now.kinetic;
  return n.report;
}

}  // namespace otto
