#include "otto/time/proximal_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "otto/core/reproducible_sum.h"
#include "otto/mesh/rows.h"
#include "otto/operators/ledger.h"
#include "otto/time/linear_stage.h"

namespace otto {

ProximalStage::ProximalStage(const Problem& problem, const ProximalOptions& options,
                             const ProximalStageOptions& limits)
    : limits_(limits),
      mesh_(problem.mesh),
      generator_(problem.generator),
      weights_(options.weights),
      transport_(problem.mesh),
      newton_(problem.energy, transport_, problem.solver, limits.newton),
      limiter_(problem.mesh, problem.solver.rtol),
      history_(problem.mesh.comm, {.memory = limits.guess_memory}, rows_of(problem.mesh)) {
  if (options.inner_steps > 1) {
    inner_ = std::make_unique<InnerNewton>(problem.energy, transport_, problem.solver,
                                           options.inner_steps, limits.newton);
  }
  if (weights_ == FaceWeights::upwind) std::ranges::fill(transport_.theta(), 1.0);
}

bool ProximalStage::rough(const State& state) const {
  const double kT = generator_.temperature(), beta = kT > 0 ? 1 / kT : 0;
  generator_.set_time(state.time);
  const std::vector<double>& rho = state.density;
  const auto V = generator_.external();
  const Faces& faces = mesh_.faces;
  std::vector<char> next(std::size_t(mesh_.owned), 0);
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    const double rise = beta * (V[K] - V[L]);
    if (std::abs(rise) > limits_.obstacle_jump) continue;
    const double j = std::log(rho[K] / rho[L]) + rise;  // of two empty cells: NaN
    if (!(std::abs(j) > limits_.rough_jump)) continue;
    const std::size_t fuller = rho[K] > rho[L] ? K : L;
    if (fuller < next.size()) next[fuller] = 1;
  }
  std::array<ReproducibleSum, 2> parts;
  for (std::size_t k = 0; k < next.size(); ++k) {
    parts[0] += mesh_.volume[k] * rho[k];
    if (next[k] != 0) parts[1] += mesh_.volume[k] * rho[k];
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return sums[1] > limits_.rough_part * sums[0];
}

void ProximalStage::restart(const State& state) {
  history_.reset();
  limiter_.start(owned(mesh_, state.density));
  energy_ = free_energy(state.density);
}

void ProximalStage::remember(Archive& archive) {
  archive.part("keeper", limiter_);
  archive.part("history", history_);
  archive.cells_with_ghosts("phi", phi_);
  archive.number("energy", energy_);
}

double ProximalStage::free_energy(std::span<const double> rho) const {
  return ledger(generator_, rho, false).free_energy;
}

void ProximalStage::set_weights(std::span<const double> rho0) {
  if (weights_ != FaceWeights::blend) return;
  const Faces& faces = mesh_.faces;
  std::vector<double>& theta = transport_.theta();
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    theta[f] = blended_theta(rho0[std::size_t(faces.left[f])], rho0[std::size_t(faces.right[f])]);
  }
}

bool ProximalStage::solve(StepReport& report, std::span<const double> rho0, double tau,
                          double kappa, double t, std::vector<double>& rho, bool paths) {
  generator_.set_time(t);
  set_weights(rho0);
  const bool cold = history_.empty();
  phi_.assign(std::size_t(mesh_.local()), 0.0);
  if (!cold) history_.guess(0, t, owned(mesh_, phi_));
  ProximalStep step{tau, kappa, rho0, generator_.external(), cold, paths};
  const NewtonReport newton = newton_.solve(step, phi_, rho);
  if (!count(report, newton)) return false;
  if (newton.cold) history_.reset();  // extrapolations of the last steps were poor guesses
  const auto values = owned(mesh_, phi_);
  history_.learn(0, t, values);
  history_.push(t, values);
  if (inner_) {
    if (generator_.energy().internal().keeps_positive())
      step.rho0 = newton_.start();  // nowhere empty
    take_inner_steps(report, step, rho);
  }
  return true;
}

void ProximalStage::take_inner_steps(StepReport& report, const ProximalStep& step,
                                     std::vector<double>& rho) {
  std::vector<double> phi = phi_, end = rho;
  NewtonReport inner = inner_->solve(step, phi, end);
  report.inner = {inner.iterations, inner.linear_iterations, inner.max_linear_iterations,
                  inner.transport_solves, inner.transport_sweeps};
  add_work(report, inner);
  if (inner.converged && grows(free_energy(end), std::max(gap_, inner.gap))) {
    inner.converged = false;
    inner.reason = "the free energy would grow";
  }
  if (!inner.converged) {
    report.fallback = std::max(report.fallback, fallback::first_order);
    report.reason = "the distance is linearised once: " + inner.reason;
    return;
  }
  if (inner.weights != InnerWeights::asked) {
    report.fallback = std::max(report.fallback, fallback::other_rule);
  }
  if (inner.loose && report.fallback == fallback::none) report.fallback = fallback::loose;
  report.dissipation = inner.kinetic;
  gap_ = std::max(gap_, inner.gap);
  report.optimality = std::max(report.optimality, inner.optimality);
  phi_.swap(phi);
  rho.swap(end);
}

void ProximalStage::set_tails(std::span<const double> rho, std::span<double> mu) const {
  if (!(generator_.temperature() > 0)) return;
  std::vector<double> own(mu.size());
  chemical_potential(rho, own);
  std::array<ReproducibleSum, 3> parts;
  for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
    const double mass = mesh_.volume[k] * rho[k];
    parts[0] += mass;
    parts[1] += mesh_.volume[k];
    if (mass > 0) parts[2] += mass * (mu[k] - own[k]);
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  const double below = limits_.newton.tail * sums[0] / sums[1], constant = sums[2] / sums[0];
  for (std::size_t k = 0; k < mu.size(); ++k) {
    const bool off = std::abs(mu[k] - own[k] - constant) > generator_.temperature();
    if (off && rho[k] > 0 && rho[k] < below) mu[k] = own[k] + constant;
  }
}

void ProximalStage::add_work(StepReport& report, const NewtonReport& newton) {
  report.newton_iterations += newton.iterations;
  report.linear_iterations += newton.linear_iterations;
  report.max_linear_iterations =
      std::max(report.max_linear_iterations, newton.max_linear_iterations);
}

bool ProximalStage::count(StepReport& report, const NewtonReport& newton) {
  add_work(report, newton);
  if (newton.followed_path) report.fallback = std::max(report.fallback, fallback::path);
  gap_ = newton.gap;
  report.dissipation = newton.kinetic;
  if (newton.converged) {
    report.optimality = std::max(report.optimality, newton.optimality);
  } else {
    report = refuse(std::move(report), newton.reason);
  }
  return newton.converged;
}

bool ProximalStage::grows(double energy, double gap) const {
  if (generator_.depends_on_time()) return false;
  const double rounding =
      limits_.energy_rounding * (std::abs(energy) + std::abs(energy_)) +
      limits_.log_rounding * std::max(generator_.temperature(), 0.0) * limiter_.mass();
  return !(energy - energy_ <= std::max(rounding, gap));
}

std::string ProximalStage::take(State& state, double t, std::vector<double>& rho) {
  std::string reason = limiter_.limit(owned(mesh_, rho), t);
  if (!reason.empty()) return reason;
  mesh_.halo.update(mesh_.comm, rho);
  double energy = free_energy(rho);
  if (!std::isfinite(energy)) return "the free energy would be infinite";
  if (grows(energy, 0)) {
    if (grows(energy, gap_)) {
      return fmt::format("the free energy would grow by {:.2g}", energy - energy_);
    }
    rho = state.density;  // as good a solution: an equilibrium as far as the solver can tell
    energy = energy_;
  }
  state.density.swap(rho);
  state.time = t;
  energy_ = energy;
  return "";
}

StepReport ProximalStage::finish(StepReport report, State& state, double t,
                                 std::vector<double>& rho) {
  std::string reason = take(state, t, rho);
  if (!reason.empty()) return refuse(std::move(report), std::move(reason));
  report.accepted = true;
  return report;
}

StepReport ProximalStage::refuse(StepReport report, std::string reason) {
  history_.reset();
  report.accepted = false;
  report.reason = std::move(reason);
  return report;
}

}  // namespace otto
