#include "otto/newton/inner_newton.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "otto/core/reproducible_sum.h"
#include "otto/linear/inner_system.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
/// Where an iterate stands.
struct Residuals {
  double optimality = infinity, floor = 0, kinetic = 0;
};

}  // namespace

struct InnerNewton::Impl {
  Impl(const FreeEnergy& e, const Transport& t, SolverOptions options, int N,
       const NewtonControl& c)
      : energy(e),
        internal(e.internal()),
        weights(t.theta()),
        transport(t),
        mesh(t.mesh()),
        chain(make_chain(std::size_t(N), std::size_t(mesh.local()))),
        system(transport, chain, options),
        control(c),
        tolerance(std::min(c.tolerance, c.rtol_factor * options.rtol)),
        owned(std::size_t(mesh.owned)),
        dphi(chain.phi),
        drho(chain.phi) {
    for (auto* v : {&p, &upper, &lower, &mean}) v->resize(std::size_t(mesh.local()));
    for (auto* v : {&G, &target, &r, &g, &inverse, &omega, &V, &rhs, &z}) v->resize(owned);
  }

  static InnerChain make_chain(std::size_t N, std::size_t local) {
    InnerChain chain;
    chain.phi.assign(N, std::vector<double>(local));
    chain.rho = chain.phi;
    return chain;
  }

  const FreeEnergy& energy;
  const InternalEnergy& internal;
  const std::vector<double>& weights;  ///< the stage's theta
  Transport transport;
  const Mesh& mesh;
  InnerChain chain;
  InnerSystem system;
  const NewtonControl control;
  double tolerance;
  std::size_t owned;

  const ProximalStep* step = nullptr;
  double mass = 0, mean_density = 0, care = 1;
  double damping = 0;  ///< of the held density
  int spent = 0;       ///< iterations before this start
  Residuals now;
  InnerSystem::Fields dphi, drho;
  std::vector<double> p, upper, lower, mean, G, target, r, g, inverse, omega, V, rhs, z;
  NewtonReport report;

  void limit_weights(InnerWeights kind, std::span<const double> rho);
  void start(InnerWeights kind, std::span<const double> phi, std::span<const double> rho);
  void moved_phi(std::size_t k, double alpha, std::span<double> to) const;
  void moved_rho(std::size_t k, double alpha, std::span<double> to) const;
  void curvature(std::span<const double> rho);
  void end_potential(std::span<const double> rho, std::span<double> to);
  void mass_residual(std::span<const double> phi, std::span<const double> before,
                     std::span<const double> after, std::span<double> to, ReproducibleSum* kinetic);
  Residuals residuals(double alpha);
  bool direction(double rtol);
  bool search();
  [[nodiscard]] double linear_tolerance() const;
  void iterate();
};

/// theta -> 1 / (1 + q / empty) at least, q the largest density at the face, before and after the
/// step, over the largest of all. Where it is below the tolerance nothing holds phi to a smooth
/// curve, and with centred weights J may be singular there. Densities between that jump from cell to
/// cell may have to be negative under centred weights: with `kind` blended theta is that of the jumps
/// before and after the step at least, and 1 with upwind.
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
  const double N = double(chain.steps()), kappa = step->kappa;
  chain.d = step->tau / N;
  chain.kappa = kappa;
  chain.rho0 = step->rho0;
  limit_weights(kind, rho);
  for (std::size_t k = 0; k < chain.steps(); ++k) {
    const double moved = (double(k + 1) - kappa) / N - (1 - kappa), share = double(k + 1) / N;
    transport.hamilton_jacobi(phi, moved * step->tau, chain.phi[k]);
    mesh.halo.update(mesh.comm, chain.phi[k]);
    for (std::size_t i = 0; i < rho.size(); ++i) {
      chain.rho[k][i] = (1 - share) * step->rho0[i] + share * rho[i];  // rho itself for k = N
    }
  }
  now = residuals(0);
}

void InnerNewton::Impl::moved_phi(std::size_t k, double alpha, std::span<double> to) const {
  const auto &phi = chain.phi[k], &move = dphi[k];
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = phi[i] + alpha * move[i];
}

/// The last density falls as the continuity equation wants and rises along U', as for N = 1; those
/// between obey the continuity equation alone.
void InnerNewton::Impl::moved_rho(std::size_t k, double alpha, std::span<double> to) const {
  const auto &rho = chain.rho[k], &move = drho[k];
  const bool last = k + 1 == chain.steps(), entropy = internal.entropy_only();
  const double maximum = internal.maximum();
  for (std::size_t i = 0; i < to.size(); ++i) {  // `to` may be rho
    const double from = rho[i], by = alpha * move[i];
    double there = from + by;
    if (last && entropy && by > 0)
      there = from * std::exp(std::min(by / from, control.max_log_step));
    to[i] = std::clamp(there, control.min_left * from,
                       control.inner_left * from + (1 - control.inner_left) * maximum);
  }
}

/// inverse = 1 / U''(rho), 0 where rho is not positive.
void InnerNewton::Impl::curvature(std::span<const double> rho) {
  for (std::size_t i = 0; i < owned; ++i) target[i] = std::max(rho[i], 0.0);
  internal.derivatives(target, 0, {}, inverse);
  for (double& v : inverse) v = 1 / v;
}

/// U'(rho) + V + W * rho.
void InnerNewton::Impl::end_potential(std::span<const double> rho, std::span<double> to) {
  const auto values = rho.first(owned);
  internal.derivatives(values, 0, to, {});
  for (std::size_t i = 0; i < owned; ++i) to[i] += step->V[i];
  if (!energy.interaction()) return;
  energy.interaction()->potential(values, V);
  for (std::size_t i = 0; i < owned; ++i) to[i] += V[i];
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

/// Of the iterate moved by alpha along the direction.
Residuals InnerNewton::Impl::residuals(double alpha) {
  const std::size_t N = chain.steps();
  std::array<ReproducibleSum, 3> parts;  // errors, their terms, kinetic energy
  moved_rho(N - 1, alpha, upper);
  end_potential(upper, g);
  for (std::size_t k = N; k-- > 0;) {  // g: what G+(phi_k) is to be
    moved_phi(k, alpha, p);
    if (k > 0) {
      moved_rho(k - 1, alpha, lower);
    } else {
      std::ranges::copy(step->rho0, lower.begin());
    }
    curvature(upper);
    transport.hamilton_jacobi(p, chain.kappa * chain.d, G);
    std::ranges::fill(r, 0.0);
    mass_residual(p, lower, upper, r, &parts[2]);
    for (std::size_t i = 0; i < owned; ++i) {
      const double vol = mesh.volume[i];
      parts[0] += std::abs(r[i]) + vol * inverse[i] * std::abs(G[i] - g[i]);
      parts[1] += vol * (std::abs(upper[i]) + inverse[i] * (std::abs(G[i]) + std::abs(g[i])));
    }
    transport.hamilton_jacobi(p, -(1 - chain.kappa) * chain.d, g);
    std::swap(upper, lower);
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  return {sums[0] / mass, 4 * epsilon * sums[1] / mass, sums[2] / double(N)};
}

/// Loose while the iterate is far from the solution; no tighter than the tolerance needs.
double InnerNewton::Impl::linear_tolerance() const {
  const NewtonControl& c = control;
  const double needed = std::max(c.min_needed, c.needed_share * tolerance / now.optimality);
  const double loosest = c.loosest_inner;
  const double loose =
      std::clamp(c.forcing_inner * std::sqrt(now.optimality), std::min(needed, loosest), loosest);
  return std::max(loose * care, c.tightest);
}

/// dphi and drho at the iterate. False where a linear solve fails.
bool InnerNewton::Impl::direction(double rtol) {
  const std::size_t N = chain.steps();
  curvature(chain.rho.back());
  const double min =
      std::max(control.held_density, damping * std::min(now.optimality, 1.0)) * mean_density;
  double softest = 0;  // 1/U'' of the held density
  internal.derivatives(std::span(&min, 1), 0, {}, std::span(&softest, 1));
  softest = 1 / softest;
  for (std::size_t i = 0; i < owned; ++i) {
    omega[i] = mesh.volume[i] * std::max(inverse[i], softest);
  }
  system.set(omega, min);
  const auto minus_g = [&](std::size_t k, std::span<double> to) {
    transport.hamilton_jacobi(chain.phi[k], chain.kappa * chain.d, G);
    if (k + 1 == N) {
      end_potential(chain.rho[k], target);
    } else {
      transport.hamilton_jacobi(chain.phi[k + 1], -(1 - chain.kappa) * chain.d, target);
    }
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
  if (!solve.converged) {
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

/// Moves the iterate along the direction. False where no length of step improves it.
bool InnerNewton::Impl::search() {
  double alpha = 1;
  for (int halvings = 0; halvings <= control.max_halvings; ++halvings, alpha *= 0.5) {
    const Residuals there = residuals(alpha);
    if (!(there.optimality <= (1 - control.sufficient_decrease * alpha) * now.optimality)) continue;
    for (std::size_t k = 0; k < chain.steps(); ++k) {
      moved_phi(k, alpha, chain.phi[k]);
      moved_rho(k, alpha, chain.rho[k]);
    }
    now = there;
    if (halvings == 0) damping = std::max(control.damping, control.damping_decay * damping);
    return true;
  }
  return false;
}

void InnerNewton::Impl::iterate() {
  while (!(now.optimality <= std::max(tolerance, now.floor))) {
    if (report.iterations - spent == control.max_iterations || !std::isfinite(now.optimality)) {
      report.reason = fmt::format(
          "Newton's method for the inner steps stands at an optimality of {:.2g} after {} "
          "iterations",
          now.optimality, report.iterations);
      return;
    }
    const double rtol = linear_tolerance(), before = now.optimality;
    ++report.iterations;
    if (!direction(rtol)) return;
    if (search()) {
      if (now.optimality > control.care_from * std::max(rtol, before) * before)
        care *= control.care_factor;
      continue;
    }
    if (now.optimality <= control.rounding_factor * now.floor) break;  // rounding
    if (rtol > control.tightest) {
      care = 0;
      continue;
    }
    if (damping < control.damping_max) {
      damping = std::max(control.damping_growth * damping, control.damping_raised);
      continue;
    }
    report.reason = fmt::format(
        "no step along Newton's direction for the inner steps improves an optimality of {:.2g}",
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
  n.step = &step;
  n.report = {};
  n.mass = integral(n.mesh, step.rho0);
  n.mean_density = n.mass / integral(n.mesh, std::vector<double>(n.owned, 1.0));
  (void)n.system.take_work();
  for (const InnerWeights kind :
       {InnerWeights::asked, InnerWeights::blended, InnerWeights::upwind}) {
    n.report.weights = kind;
    n.start(kind, phi, rho);
    n.iterate();
    // with upwind weights asked for there are no others
    if (n.report.converged || !n.mesh.comm.any(!n.transport.upwind())) break;
  }
  phi = n.chain.phi.back();
  rho = n.chain.rho.back();
  n.report.optimality = n.now.optimality;
  n.report.kinetic = n.now.kinetic;
  const auto work = n.system.take_work();
  n.report.transport_solves = work.solves;
  n.report.transport_sweeps = work.sweeps;
  return n.report;
}

}  // namespace otto
