#include "otto/newton/proximal_newton.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "interior_point.h"
#include "otto/core/vector_math.h"
#include "otto/linear/coupled_system.h"

namespace otto {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_iterations = 60;
constexpr int most_halvings = 6;
constexpr int most_linear = 200;       ///< a direction is used as it is after so many iterations
constexpr double largest_jump = 4;     ///< of log rho in one iteration
constexpr double small_change = 0.03;  ///< optimality of a guess that is nearly the solution
constexpr double good_guess = 0.06;    ///< optimality from which a warm start goes on
constexpr double warm_progress = 0.3;  ///< most of the optimality that one iteration of it leaves
constexpr double tight_solve = 1e-9;   ///< tolerance where a loose solve has failed
constexpr double last_share = 1e-9;    ///< of mu in the step's mean density times its energy
constexpr double cold_share = 1e-2, warm_share = 1e-4;  ///< the first one
constexpr double edge =
    1e-3;  ///< a density below so much of its multiplier is 0, in units of the step
constexpr double keep = 0.02;        ///< of a density or multiplier in one iteration
constexpr double smallest = 1e-290;  ///< density, over the mass
constexpr double lift = 1e-6;        ///< least density a step starts from, over the Gibbs density

}  // namespace

/// One pair (phi, rho) with its residuals.
struct Iterate {
  std::vector<double> phi, rho;          ///< owned + ghosts
  std::vector<double> G, r, g, inverse;  ///< owned; inverse = 1/C, g with the push of the bounds
  std::span<const double> V;             ///< owned; that of the step, or
  std::vector<double> with_interaction;  ///< V + W * rho
  Multipliers multipliers;
  double optimality = infinity, floor = 0, kinetic = 0, gap = 0;
};

struct ProximalNewton::Impl {
  Impl(const FreeEnergy& e, const Transport& t, SolverOptions options)
      : energy(e),
        internal(e.internal()),
        transport(t),
        mesh(t.mesh()),
        bounds(!e.internal().keeps_positive(), e.internal().maximum()),
        system(t, options, stiff()),
        tolerance(std::min(1e-9, 0.1 * options.rtol)),
        owned(std::size_t(mesh.owned)),
        local(std::size_t(mesh.local())),
        faces(std::size_t(mesh.faces.size())) {
    for (Iterate* it : {&now, &trial, &other}) {
      it->phi.resize(local);
      it->rho.resize(local);
      for (auto* v : {&it->G, &it->r, &it->g, &it->inverse}) v->resize(owned);
    }
    for (auto* v : {&left, &right, &conductance}) v->resize(faces);
    for (auto* v : {&mean, &field}) v->resize(local);
    volume = integral(mesh, std::vector<double>(owned, 1.0));
    for (auto* v : {&omega, &rhs, &dphi, &drho, &z, &push}) v->resize(owned);
    if (energy.interaction() || stiff()) {
      coupled = std::make_unique<CoupledSystem>(transport, energy.interaction(), system);
    }
  }

  const FreeEnergy& energy;
  const InternalEnergy& internal;
  const Transport& transport;
  const Mesh& mesh;
  InteriorPoint bounds;
  ProximalSystem system;
  std::unique_ptr<CoupledSystem> coupled;  ///< with an interaction or stiff bounds
  double tolerance;
  std::size_t owned, local, faces;

  const ProximalStep* step = nullptr;
  std::vector<double> rho0;  ///< that of the step, lifted
  std::vector<double> base;  ///< with bounds: that of the step
  double volume = 0;         ///< of the mesh
  double mass = 0;
  double share = 0;     ///< mu = share E mass/volume
  double scale = 1;     ///< E, an energy per mass of the step's order
  double opening = 0;   ///< optimality of the first iterate from this start
  double care = 1;      ///< factor on the tolerance of linear solves
  bool cold = true;     ///< no guess is used, or no longer
  bool upwind = false;  ///< the weights
  Iterate now, trial, other;
  std::vector<double> left, right, conductance, mean, field, omega, rhs, dphi, drho, z, push;
  std::array<double, 3> last{};  ///< optimality of earlier iterates with this mu
  NewtonReport report;

  /// Bounds can make rho stiff by orders of magnitude more in one cell than in the next.
  [[nodiscard]] bool stiff() const { return bounds.above() || !internal.has_slope(); }
  [[nodiscard]] double mean_density() const { return mass / volume; }

  void potential(Iterate& it);
  void external(Iterate& it);
  void find_density(Iterate& it, std::span<const double> V);
  void continuity(Iterate& it);
  void residuals(Iterate& it);
  void start(const std::vector<double>& phi);
  void start_cold();
  void start_warm(const std::vector<double>& phi);
  bool at_rest();
  void lift_tails();
  void start_bounded(const std::vector<double>& phi);
  [[nodiscard]] double energy_scale();
  void set_share(double to);
  void lower_share();
  void sharpen();
  void fill();
  [[nodiscard]] double gap() const;
  bool direction(double rtol);
  bool search();
  bool search(bool whole);
  void try_step(double alpha, bool whole);
  void try_dual_density();
  double linear_tolerance() const;
  [[nodiscard]] bool slow(double before) const;
  void iterate();
};

/// G(phi); ghosts of phi filled.
void ProximalNewton::Impl::potential(Iterate& it) {
  mesh.halo.update(mesh.comm, it.phi);
  transport.hamilton_jacobi(it.phi, step->kappa * step->tau, it.G);
}

/// rho = U*'(G - V).
void ProximalNewton::Impl::find_density(Iterate& it, std::span<const double> V) {
  for (std::size_t k = 0; k < owned; ++k) z[k] = it.G[k] - V[k];
  internal.density(z, 0, std::span(it.rho).first(owned));
}

/// V + W * rho.
void ProximalNewton::Impl::external(Iterate& it) {
  it.V = step->V.first(owned);
  if (!energy.interaction()) return;
  energy.interaction()->potential(std::span<const double>(it.rho).first(owned), z);
  it.with_interaction.resize(owned);
  for (std::size_t k = 0; k < owned; ++k) it.with_interaction[k] = step->V[k] + z[k];
  it.V = it.with_interaction;
}

/// r and this rank's kinetic energy; ghosts of rho filled.
void ProximalNewton::Impl::continuity(Iterate& it) {
  mesh.halo.update(mesh.comm, it.rho);
  const double kappa = step->kappa;
  for (std::size_t k = 0; k < local; ++k) {
    mean[k] = kappa * it.rho[k] + (1 - kappa) * rho0[k];
  }
  for (std::size_t k = 0; k < owned; ++k) it.r[k] = mesh.volume[k] * (rho0[k] - it.rho[k]);
  it.kinetic = transport.leave(it.phi, mean, -step->tau, it.r);
}

/// r, g and their sums, G being known.
void ProximalNewton::Impl::residuals(Iterate& it) {
  const auto rho = std::span<const double>(it.rho).first(owned);
  continuity(it);
  external(it);
  internal.derivatives(rho, 0, it.g, it.inverse);
  // g counts as the density that would make up for it, bounds apart
  const double stiff = bounds.bounded() ? mean_density() / scale : infinity;
  double size = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double slope = it.g[k];
    it.g[k] = it.G[k] - slope - it.V[k];
    z[k] = std::abs(it.G[k]) + std::abs(it.V[k]) + std::abs(slope);
    field[k] = std::min(1 / it.inverse[k], stiff);
  }
  double total = 0;
  if (bounds.bounded()) {
    const double close = std::min(mean_density(), 0.5 * internal.maximum());
    bounds.settle(rho, it.g, close, keep, it.multipliers);
  }
  double sum =
      bounds.apply(mesh.volume, rho, it.multipliers, it.g, it.inverse, push, total) / scale;
  for (std::size_t k = 0; k < owned; ++k) {
    const double vol = mesh.volume[k];
    it.inverse[k] = 1 / it.inverse[k];
    sum += std::abs(it.r[k]) + vol * field[k] * std::abs(it.g[k]);
    size += vol * (rho[k] + field[k] * z[k]);
    it.g[k] += push[k];
  }
  std::array<double, 4> sums{sum, size, it.kinetic, total};
  mesh.comm.sum_in_place(sums);
  it.optimality = sums[0] / mass;
  it.floor = 4 * epsilon * sums[1] / mass;
  it.kinetic = sums[2];
  it.gap = sums[3] + it.optimality * mass * scale;
}

/// rho0 with a constant phi, where that is the solution already: equilibria stay untouched.
bool ProximalNewton::Impl::at_rest() {
  now.rho = rho0;
  std::ranges::fill(now.phi, 0.0);
  potential(now);
  residuals(now);
  double level = 0;
  for (int pass = 0; pass < 2; ++pass) {  // the second takes away the rounding of the first
    double sum = 0;                       // of - vol rho g: the mean of mu - level
    for (std::size_t k = 0; k < owned; ++k) {
      if (rho0[k] > 0) sum -= mesh.volume[k] * rho0[k] * now.g[k];
    }
    level += mesh.comm.sum(sum) / mass;
    if (!std::isfinite(level)) return false;
    std::ranges::fill(now.phi, level);
    potential(now);
    residuals(now);
  }
  return now.optimality <= now.floor;
}

/// s <- c (s + lift e^(-s/lift)), s = rho0/sigma, sigma ~ exp(-(V + W * rho0 + U' - kT log
/// rho0)/kT), both of the mass of rho0. Where rho0 is so small that the step has no way of moving
/// mass there (a narrow Gaussian far from its centre), the potential is undetermined, or carries
/// mass across many cells. F does not grow: s log s falls where s = rho0/sigma < 1/e is raised.
/// `now` holds rho0 and its V.
void ProximalNewton::Impl::lift_tails() {
  const double kT = internal.temperature();
  if (!(kT > 0)) return;
  for (std::size_t k = 0; k < owned; ++k) z[k] = -now.V[k] / kT;
  if (!internal.entropy_only()) {
    for (std::size_t k = 0; k < owned; ++k) field[k] = std::max(rho0[k], lift * mass);
    const auto density = std::span<const double>(field).first(owned);
    internal.derivatives(density, 0, drho, {});
    log_of(density, rhs);
    for (std::size_t k = 0; k < owned; ++k) z[k] -= drho[k] / kT - rhs[k];
  }
  double top = -infinity;
  for (const double v : z) top = std::max(top, v);
  top = mesh.comm.max(top);
  for (double& v : z) v -= top;
  exp_of(z, z);
  double sum = 0;
  for (std::size_t k = 0; k < owned; ++k) sum += mesh.volume[k] * z[k];
  const double least = lift * mass / mesh.comm.sum(sum);
  sum = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    const double floor = least * z[k];
    z[k] = rho0[k] < 40 * floor ? floor * std::exp(-rho0[k] / floor) : 0;
    sum += mesh.volume[k] * z[k];
  }
  sum = mesh.comm.sum(sum);
  if (sum == 0) return;
  for (std::size_t k = 0; k < owned; ++k) rho0[k] = (rho0[k] + z[k]) * (mass / (mass + sum));
  mesh.halo.update(mesh.comm, rho0);
}

void ProximalNewton::Impl::start(const std::vector<double>& phi) {
  now.rho = rho0;
  if (bounds.bounded()) return start_bounded(phi);
  external(now);
  lift_tails();
  if (!cold) start_warm(phi);
  if (cold) start_cold();
}

/// phi = 0 and rho0: r = 0, and g is of the size of a logarithm even where there is hardly any
/// mass. So Newton's method converges from afar, as it does on log rho and not on rho.
void ProximalNewton::Impl::start_cold() {
  cold = report.cold = true;
  care = 1;
  std::ranges::fill(now.phi, 0.0);
  now.rho = rho0;
  potential(now);
  residuals(now);
  opening = now.optimality;
}

/// From a guess of phi, with the density that continuity makes of rho0 under it (twice, since it
/// transports itself), unless the guess is poor: its errors would be many times the density in the
/// tails. Upwind weights take any guess: phi = 0 has no side from which mass comes.
void ProximalNewton::Impl::start_warm(const std::vector<double>& phi) {
  now.phi = phi;
  now.rho = rho0;
  potential(now);
  for (int pass = 0; pass < 2; ++pass) {
    continuity(now);
    for (std::size_t k = 0; k < owned; ++k) {
      const double rho = now.rho[k];
      now.rho[k] = std::clamp(rho + now.r[k] / mesh.volume[k], 0.1 * rho, 10 * rho);
    }
  }
  residuals(now);
  cold = !(now.optimality <= (upwind ? 1 : good_guess));
}

/// An energy per mass of the step's order: what U', V and W * rho make of the mass; were there
/// nothing, a trifle of what moving it by the width of a cell costs.
double ProximalNewton::Impl::energy_scale() {
  const auto rho = std::span<const double>(rho0).first(owned);
  internal.derivatives(rho, 0, z, {});
  std::array<double, 3> sums{};
  for (std::size_t k = 0; k < owned; ++k) {
    const double weight = mesh.volume[k] * rho[k];
    if (!(weight > 0)) continue;
    sums[0] += weight * step->V[k];
    sums[1] += weight * std::abs(z[k]);
    sums[2] += weight * std::abs(now.V[k] - step->V[k]);
  }
  mesh.comm.sum_in_place(sums);
  const double centre = sums[0] / mass;
  double spread = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    spread += mesh.volume[k] * rho[k] * std::abs(step->V[k] - centre);
  }
  const double h2 = std::pow(volume / double(mesh.global_cells), 2.0 / mesh.dimension);
  return std::max((sums[1] + sums[2] + mesh.comm.sum(spread)) / mass, 1e-6 * h2 / step->tau);
}

/// The first mu; a cold start guesses phi = mu(rho0).
void ProximalNewton::Impl::start_bounded(const std::vector<double>& phi) {
  now.phi = phi;
  external(now);
  scale = energy_scale();
  base = rho0;
  if (cold) {
    internal.derivatives(std::span<const double>(rho0).first(owned), 0,
                         std::span(now.phi).first(owned), {});
    for (std::size_t k = 0; k < owned; ++k) now.phi[k] += now.V[k];
  }
  potential(now);
  set_share(cold ? cold_share : warm_share);
  now.rho = rho0;
  bounds.begin(std::span<const double>(now.rho).first(owned), now.multipliers);
  residuals(now);
}

/// mu, and rho0 with as much in empty cells as mu puts there: else mass would have to come from far
/// away.
void ProximalNewton::Impl::set_share(double to) {
  last.fill(0);
  share = std::max(to, last_share);
  bounds.set_mu(share * scale * mean_density());
  const double more = share * mean_density();
  for (std::size_t k = 0; k < local; ++k) rho0[k] = (base[k] + more) / (1 + share);
}

/// Lowers mu once the iterate is close to its path.
void ProximalNewton::Impl::lower_share() {
  while (share > last_share && now.optimality <= 10 * share) {
    set_share(std::min(0.1 * share, std::pow(share, 1.5)));
    residuals(now);
  }
}

/// The final density: cells that are all but empty are, and the mass is right to rounding. A crowd
/// may have no room elsewhere for what they held.
void ProximalNewton::Impl::sharpen() {
  const std::vector<double>& s = now.multipliers.below;
  const double unit = edge * mean_density() / scale;
  for (std::size_t k = 0; !bounds.above() && k < s.size(); ++k) {
    if (now.rho[k] < unit * s[k]) now.rho[k] = 0;
  }
  fill();
}

/// rho + c rho (P - rho)/P, c such that the mass is right.
void ProximalNewton::Impl::fill() {
  const double most = internal.maximum();
  const auto room = [&](double rho) { return most < infinity ? rho * (1 - rho / most) : rho; };
  std::array<double, 2> sums{};
  for (std::size_t k = 0; k < owned; ++k) {
    sums[0] += mesh.volume[k] * now.rho[k];
    sums[1] += mesh.volume[k] * room(now.rho[k]);
  }
  mesh.comm.sum_in_place(sums);
  const double c = sums[1] > 0 ? std::clamp((mass - sums[0]) / sums[1], -0.5, 0.5) : 0.0;
  for (std::size_t k = 0; k < owned; ++k) now.rho[k] += c * room(now.rho[k]);
}

/// How far above the least value of the step's functional it may be: what the multipliers say, and
/// what filling rho0 cost.
double ProximalNewton::Impl::gap() const {
  double filling = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    filling += mesh.volume[k] * (rho0[k] - base[k]) * now.V[k];
  }
  return now.gap + std::abs(mesh.comm.sum(filling));
}

/// Loose while the iterate is far from the solution; no tighter than the tolerance needs. Where
/// nothing but the bounds makes rho stiff, phi must be the better known the smaller mu is.
double ProximalNewton::Impl::linear_tolerance() const {
  if (!internal.has_slope()) return care > 0 ? 1e-2 * std::sqrt(share) : tight_solve;
  const double needed = std::max(1e-6, 0.1 * tolerance / now.optimality);
  const double loosest = !cold ? 0.1 : bounds.bounded() ? 1e-3 : 1e-2;
  const double loose =
      std::clamp(0.5 * std::sqrt(now.optimality), std::min(needed, loosest), loosest);
  return std::max(loose * care, tight_solve);
}

/// dphi and drho at `now`. False where the linear solve fails.
bool ProximalNewton::Impl::direction(double rtol) {
  const double d = step->kappa * step->tau;
  std::vector<double>& other_side = transport.centred() ? left : right;
  transport.slopes(now.phi, d, left, other_side);
  for (std::size_t k = 0; k < local; ++k) {
    mean[k] = step->kappa * now.rho[k] + (1 - step->kappa) * rho0[k];
  }
  transport.conductances(now.phi, mean, step->tau, conductance);
  for (std::size_t k = 0; k < owned; ++k) {
    omega[k] = mesh.volume[k] * now.inverse[k];
    field[k] = now.inverse[k] * now.g[k];
  }
  // Where coefficients change little the coarse levels of the first iteration serve all.
  const ProximalCoefficients coefficients{omega, left, other_side, conductance};
  const bool keep_coarse = opening <= small_change && report.iterations > 1 && rtol >= 1e-4;
  const Jacobian J(transport, left, other_side);
  SolveReport solve;
  if (coupled) {
    coupled->set(coefficients, keep_coarse);
    solve = coupled->solve(now.r, now.g, dphi, drho, rtol);
  } else {
    system.set(coefficients, keep_coarse);
    mesh.halo.update(mesh.comm, field);
    J.apply_adjoint(field, rhs);
    for (std::size_t k = 0; k < owned; ++k) rhs[k] = now.r[k] - rhs[k];
    using enum ProximalSystem::Stop;
    const bool near = opening <= small_change && !upwind;
    solve = system.solve(rhs, dphi, rtol, near ? by_residual : by_energy);
  }
  report.linear_iterations += solve.iterations;
  report.max_linear_iterations = std::max(report.max_linear_iterations, solve.iterations);
  if (!solve.converged && solve.iterations < most_linear) {
    report.reason = "the linear solve inside Newton's method failed: " + solve.reason;
    return false;
  }
  if (coupled) return true;
  std::ranges::copy(dphi, field.begin());
  mesh.halo.update(mesh.comm, field);
  J.apply(field, drho);
  for (std::size_t k = 0; k < owned; ++k) drho[k] = now.inverse[k] * (drho[k] + now.g[k]);
  return true;
}

/// Along the direction: rho moved by its own Newton step, or the density of the new phi, whichever
/// leaves less. `whole`: the direction as it is; else each density goes as far as it may.
void ProximalNewton::Impl::try_step(double alpha, bool whole) {
  for (std::size_t k = 0; k < owned; ++k) trial.phi[k] = now.phi[k] + alpha * dphi[k];
  potential(trial);
  // Downwards rho moves as the continuity equation wants, upwards its logarithm as U' does.
  const double most = internal.maximum();
  const bool entropy = internal.entropy_only() && !bounds.bounded();
  for (std::size_t k = 0; k < owned; ++k) {
    const double rho = now.rho[k], move = alpha * drho[k];
    double to = rho + move;
    if (entropy && move > 0) to = rho * std::exp(std::min(move / rho, largest_jump));
    trial.rho[k] = whole ? to : std::clamp(to, keep * rho, keep * rho + (1 - keep) * most);
  }
  if (bounds.bounded()) {
    bounds.move(std::span<const double>(now.rho).first(owned), drho, now.multipliers, alpha, keep,
                trial.multipliers);
  }
  residuals(trial);
  if (!bounds.bounded() && trial.optimality > 0.3 * now.optimality) try_dual_density();
}

void ProximalNewton::Impl::try_dual_density() {
  other.phi = trial.phi;
  other.G = trial.G;
  find_density(other, trial.V);
  residuals(other);
  if (!(trial.optimality <= other.optimality)) std::swap(trial, other);
}

/// Moves `now` along the direction. False where no length of step improves it.
bool ProximalNewton::Impl::search() { return search(false) || (bounds.bounded() && search(true)); }

/// Near bounds an iterate may stay below the largest of the last ones instead (Grippo, Lampariello,
/// Lucidi 1986): fronts settle cell by cell.
bool ProximalNewton::Impl::search(bool whole) {
  const double bar =
      bounds.bounded() ? std::max(now.optimality, *std::ranges::max_element(last)) : now.optimality;
  double alpha = 1;
  if (whole) {
    alpha = mesh.comm.min(
        bounds.reach(std::span<const double>(now.rho).first(owned), drho, now.multipliers, keep));
  }
  for (int k = 0; k <= most_halvings; ++k, alpha *= 0.5) {
    try_step(alpha, whole);
    if (trial.optimality <= (1 - 0.1 * alpha) * bar) {
      last[std::size_t(report.iterations) % last.size()] = now.optimality;
      std::swap(now, trial);
      return true;
    }
  }
  return false;
}

/// Whether a warm start is the wrong one: `before` is the optimality of the last iterate.
bool ProximalNewton::Impl::slow(double before) const {
  return !cold && !upwind && !bounds.bounded() && now.optimality > warm_progress * before &&
         now.optimality > 10 * std::max(tolerance, now.floor);
}

void ProximalNewton::Impl::iterate() {
  opening = now.optimality;
  for (;;) {
    if (bounds.bounded()) lower_share();
    if (share <= last_share && now.optimality <= std::max(tolerance, now.floor)) break;
    if (report.iterations == most_iterations || !std::isfinite(now.optimality)) {
      report.reason = fmt::format(
          "Newton's method stands at an optimality of {:.2g} after {} "
          "iterations",
          now.optimality, report.iterations);
      return;
    }
    const double rtol = linear_tolerance(), before = now.optimality;
    ++report.iterations;
    if (!direction(rtol)) return;
    if (search()) {
      if (slow(before)) {
        start_cold();
        continue;
      }
      // Tails weigh nothing in a loose solve, but their logarithms count.
      if (!bounds.bounded() && now.optimality > 5 * std::max(rtol, before) * before) care *= 0.03;
      continue;
    }
    if (now.optimality <= 1e3 * now.floor) break;  // rounding
    if (rtol > tight_solve) {
      care = 0;
      continue;
    }
    if (!cold && !bounds.bounded()) {
      start_cold();
      continue;
    }
    report.reason = fmt::format("no step along Newton's direction improves an optimality of {:.2g}",
                                now.optimality);
    return;
  }
  report.converged = true;
}

ProximalNewton::ProximalNewton(const FreeEnergy& energy, const Transport& transport,
                               SolverOptions options)
    : impl_(std::make_unique<Impl>(energy, transport, options)) {}
ProximalNewton::~ProximalNewton() = default;

const std::vector<double>& ProximalNewton::start() const { return impl_->rho0; }

NewtonReport ProximalNewton::solve(const ProximalStep& step, std::vector<double>& phi,
                                   std::vector<double>& rho) {
  Impl& n = *impl_;
  n.step = &step;
  n.report = {};
  n.rho0.assign(step.rho0.begin(), step.rho0.end());
  n.mass = integral(n.mesh, n.rho0);
  n.share = 0;
  if (n.internal.keeps_positive()) {  // U'(0) = -inf: cells where the density has underflowed
    for (double& r : n.rho0) r = std::max(r, smallest * n.mass);
  }
  n.care = 1;
  n.cold = step.cold;
  n.upwind = !n.mesh.comm.any(!n.transport.upwind());
  phi.resize(n.local);
  if (n.cold && !n.bounds.bounded() && n.at_rest()) {
    n.report.converged = true;
  } else {
    n.start(phi);
    n.iterate();
  }
  if (n.report.converged && n.bounds.bounded()) n.sharpen();
  phi.swap(n.now.phi);
  rho.swap(n.now.rho);
  n.report.optimality = n.now.optimality;
  n.report.kinetic = n.now.kinetic;
  if (n.bounds.bounded()) n.report.gap = n.gap();
  return n.report;
}

}  // namespace otto
