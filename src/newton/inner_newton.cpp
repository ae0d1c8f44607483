#include "otto/newton/inner_newton.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inner_iteration.h"

namespace otto {

namespace {

InnerChain make_chain(std::size_t N, std::size_t local) {
  InnerChain chain;
  chain.phi.assign(N, std::vector<double>(local));
  chain.rho = chain.phi;
  return chain;
}

}  // namespace

InnerNewton::Impl::Impl(const FreeEnergy& e, const Transport& t, SolverOptions options, int N,
                        const NewtonControl& c)
    : energy(e),
      internal(e.internal()),
      weights(t.theta()),
      transport(t),
      mesh(t.mesh()),
      chain(make_chain(std::size_t(N), std::size_t(mesh.local()))),
      system(transport, chain, options),
      control(c),
      barrier(e, t.mesh(), control),
      bounds(barrier.bounds),
      tolerance(std::min(c.tolerance, c.rtol_factor * options.rtol)),
      owned(std::size_t(mesh.owned)),
      dphi(chain.phi),
      drho(chain.phi) {
  for (auto* v : {&p, &upper, &lower, &mean}) v->resize(std::size_t(mesh.local()));
  for (auto* v : {&G, &target, &r, &g, &inverse, &omega, &V, &rhs, &z, &push}) v->resize(owned);
}

/// Another step.
void InnerNewton::Impl::begin(const ProximalStep& of) {
  step = &of;
  report = {};
  mass = integral(mesh, of.rho0);
  mean_density = mass / integral(mesh, std::vector<double>(owned, 1.0));
  rho0.assign(of.rho0.begin(), of.rho0.end());
  chain.rho0 = rho0;
  chain.d = of.tau / double(chain.steps());
  chain.kappa = of.kappa;
  system.begin(bounds.bounded());
  if (!bounds.bounded()) return;
  external(rho0);
  barrier.begin(of, rho0, V, mass);
}

/// theta -> 1 / (1 + q / empty) at least, q the largest density at the face,
/// before and after the step, over the largest of all. Where it is below the
/// tolerance nothing holds phi to a smooth curve, and with centred weights J
/// may be singular there. Densities between that jump from cell to cell may
/// have to be negative under centred weights: with `kind` blended theta is that
/// of the jumps before and after the step at least, and 1 with upwind.
void InnerNewton::Impl::limit_weights(InnerWeights kind, std::span<const double> rho) {
  double maximum = 0;
  for (const double v : rho.first(owned)) maximum = std::max(maximum, v);
  const double scale = 1 / (control.inner_empty * mesh.comm.max(maximum));
  const auto density = [&](std::int32_t cell) {
    return std::max(rho[std::size_t(cell)], step->rho0[std::size_t(cell)]);
  };
  for (std::size_t f = 0; f < weights.size(); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double q = std::max(density(mesh.faces.left[f]), density(mesh.faces.right[f]));
    double& theta = transport.theta()[f];
    theta = std::max(weights[f], 1 / (1 + q * scale));
    if (kind == InnerWeights::upwind) theta = 1;
    if (kind == InnerWeights::blended) {
      theta = std::max(
          {theta, blended_theta(step->rho0[K], step->rho0[L]), blended_theta(rho[K], rho[L])});
    }
  }
}

/// phi_k at the time (k - kappa) d of the step, k = 1..N.
void InnerNewton::Impl::start(InnerWeights kind, std::span<const double> phi,
                              std::span<const double> rho) {
  care = 1;
  damping = control.damping;
  spent = report.iterations;
  spent_linear = report.linear_iterations;
  const double N = double(chain.steps()), kappa = step->kappa;
  limit_weights(kind, rho);
  for (std::size_t k = 0; k < chain.steps(); ++k) {
    const double moved = (double(k + 1) - kappa) / N - (1 - kappa);
    transport.hamilton_jacobi(phi, moved * step->tau, chain.phi[k]);
    mesh.halo.update(mesh.comm, chain.phi[k]);
  }
  auto& last = chain.rho.back();
  std::ranges::copy(rho, last.begin());
  if (bounds.bounded()) start_bounded(last);
  for (std::size_t k = 0; k + 1 < chain.steps(); ++k) {
    const double share = double(k + 1) / N;
    for (std::size_t i = 0; i < rho.size(); ++i) {
      chain.rho[k][i] = (1 - share) * rho0[i] + share * last[i];
    }
  }
  look();
  set_mark();
}

void InnerNewton::Impl::set_mark() {
  mark = now.optimality;
  marked = report.iterations;
}

/// The first barrier, and the density that it makes of phi_N.
void InnerNewton::Impl::start_bounded(std::span<double> rho) {
  filter.clear();
  barrier.set(control.barrier_inner, rho0);
  external(rho);
  transport.hamilton_jacobi(chain.phi.back(), chain.kappa * chain.d, G);
  for (std::size_t i = 0; i < owned; ++i) G[i] -= V[i];
  internal.density(G, bounds.nu(), rho.first(owned));
  mesh.halo.update(mesh.comm, rho);
  bounds.begin(rho.first(owned), multipliers);
}

/// After a search that failed: a tighter solve, then without bounds larger held
/// densities. False: neither is left.
bool InnerNewton::Impl::try_harder(double rtol) {
  if (rtol > control.tightest) {
    care = 0;
    return true;
  }
  if (bounds.bounded() || damping >= control.damping_max) return false;
  damping = std::max(control.damping_growth * damping, control.damping_raised);
  return true;
}

/// Whether it has gone as far as it gets from this start.
bool InnerNewton::Impl::stands() {
  if (now.optimality <= control.inner_gain * mark) set_mark();
  const int limit = bounds.bounded() ? control.max_iterations_bounded : control.max_iterations;
  return report.iterations - spent == limit || !std::isfinite(now.optimality) ||
         report.linear_iterations - spent_linear >= control.inner_linear ||
         report.iterations - marked == control.inner_patience;
}

/// With bounds: keeps the best iterate that will do, since what is left of one sits in cells of the
/// front that an iteration fills and the next one empties.
void InnerNewton::Impl::keep_best() {
  if (barrier.fraction() > control.inner_fraction || now.optimality > control.inner_good) return;
  if (best.found && now.optimality >= best.residuals.optimality) return;
  best = {true, now, chain.phi, chain.rho, multipliers};
}

/// From `now` to a solution, by Newton's method; else to the best iterate that will do. Says in the
/// report which it was.
void InnerNewton::Impl::solve_from_here() {
  best.found = false;
  iterate();
  if (report.converged || !best.found) return;
  now = best.residuals;
  chain.phi.swap(best.phi);
  chain.rho.swap(best.rho);
  multipliers = best.multipliers;
  report.converged = report.loose = true;
  report.reason.clear();
}

void InnerNewton::Impl::iterate() {
  for (;;) {
    while (barrier.lower(now.optimality, true, rho0)) {
      filter.clear();
      look();
      set_mark();
    }
    if (bounds.bounded()) keep_best();
    if (barrier.ended() && now.optimality <= std::max(tolerance, now.floor)) break;
    if (stands()) {
      report.reason = fmt::format(
          "Newton's method for the inner steps stands "
          "at an optimality of {:.2g} after {} "
          "iterations",
          now.optimality, report.iterations);
      return;
    }
    const double rtol = linear_tolerance(), before = now.optimality;
    ++report.iterations;
    if (!direction(rtol)) return;
    if (search()) {
      const bool slow = now.optimality > control.care_from * std::max(rtol, before) * before;
      if (slow)
        care = std::max(care * control.care_factor, bounds.bounded() ? control.inner_care : 0);
      continue;
    }
    if (now.optimality <= control.rounding_factor * now.floor) break;  // rounding
    if (try_harder(rtol)) continue;
    report.reason = fmt::format(
        "no step along Newton's direction for the "
        "inner steps improves an optimality of {:.2g}",
        now.optimality);
    return;
  }
  report.converged = true;
  report.reason.clear();
}

InnerNewton::InnerNewton(const FreeEnergy& energy, const Transport& transport,
                         SolverOptions options, int N, const NewtonControl& control)
    : impl_(std::make_unique<Impl>(energy, transport, options, N, control)) {}
InnerNewton::~InnerNewton() = default;

NewtonReport InnerNewton::solve(const ProximalStep& step, std::vector<double>& phi,
                                std::vector<double>& rho) {
  Impl& n = *impl_;
  n.begin(step);
  (void)n.system.take_work();
  for (const InnerWeights kind :
       {InnerWeights::asked, InnerWeights::blended, InnerWeights::upwind}) {
    n.report.weights = kind;
    n.start(kind, phi, rho);
    n.solve_from_here();
    // with upwind weights asked for there are no others
    if (n.report.converged || !n.mesh.comm.any(!n.transport.upwind())) break;
  }
  phi = n.chain.phi.back();
  rho = n.chain.rho.back();
  if (n.bounds.bounded()) {
    n.barrier.sharpen(n.multipliers, rho);
    n.report.gap = n.now.gap + n.barrier.filling_cost(n.rho0, n.V);
  }
  n.report.optimality = n.now.optimality;
  n.report.kinetic = n.now.kinetic;
  const auto work = n.system.take_work();
  n.report.transport_solves = work.solves;
  n.report.transport_sweeps = work.sweeps;
  return n.report;
}

}  // namespace otto
