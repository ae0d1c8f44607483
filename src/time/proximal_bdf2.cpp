#include "proximal_bdf2.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"

namespace otto {

ProximalBdf2::ProximalBdf2(ProximalStage& stage, PositiveTransport& mover,
                           ProximalMidpoint& midpoint, SolverOptions options)
    : mesh_(stage.transport().mesh()),
      stage_(stage),
      midpoint_(midpoint),
      extrapolation_(stage.transport(), mover, options) {}

StepReport ProximalBdf2::step(StepReport report, State& state, double dt, bool midpoint_failed) {
  const bool is_first = first();
  bool lost = false;
  std::string reason = bdf2_step(report, state, dt, lost);
  int did = fallback::none;
  if (!reason.empty() && !lost && !midpoint_failed) {
    reason = midpoint_step(report, state, dt);
    if (!is_first) did = fallback::other_rule;
  }
  if (!reason.empty() && is_first) {
    report = start_up(std::move(report), state, dt);
    if (report.accepted) return report;
    reason = report.reason;
  }
  if (reason.empty()) {
    report.accepted = true;
    report.reason.clear();
    report.fallback = std::max(report.fallback, did);
  } else {
    report = fall_back(stage_, std::move(report), state, dt, reason, rho_);
  }
  went(report, dt, rho_);
  return report;
}

void ProximalBdf2::went(const StepReport& report, double dt, std::vector<double>& before) {
  tau_ = report.accepted ? dt : 0;
  if (report.accepted) before_.swap(before);  // `take` has put the old state there
}

bool ProximalBdf2::changes_fast(const State& state, double dt) const {
  if (first()) return false;
  std::array<ReproducibleSum, 2> parts;
  const double factor = std::exp(control_.fast_change * tau_ / dt);
  for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
    const double now = state.density[k], mass = mesh_.volume[k] * now;
    parts[0] += mass;
    if (now > factor * before_[k] || before_[k] > factor * now) parts[1] += mass;
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return sums[1] > control_.fast_part * sums[0];
}

StepReport ProximalBdf2::start_up(StepReport report, State& state, double dt) {
  const State begun = state;
  const double half = 0.5 * dt;
  report = plain_step(stage_, std::move(report), state, half, rho_);
  went(report, half, rho_);
  if (report.accepted) {
    report.accepted = false;
    report = step(std::move(report), state, half);
  }
  if (!report.accepted) {
    state = begun;
    stage_.restart(state);
    forget();
    return report;
  }
  report.fallback = std::max(report.fallback, fallback::pieces);
  report.dissipation = -1;  // not that of the whole step
  return report;
}

/// Advances the state and returns "", or says why not; `lost`: there is no density to step from.
std::string ProximalBdf2::bdf2_step(StepReport& report, State& state, double dt, bool& lost) {
  if (first()) return "there is no step before";
  const double r = dt / tau_, t = state.time + dt;
  if (r > control_.max_ratio) return "the step before is too short";
  std::string reason = extrapolation_.find(
      report, {before_, state.density, tau_, r * r / (1 + 2 * r) * tau_}, stage_.phi(), ahead_);
  lost = !reason.empty();
  if (lost) return reason;
  if (!stage_.solve(report, ahead_, (1 + r) / (1 + 2 * r) * dt, 0.5, t, rho_)) {
    return report.reason;
  }
  report.dissipation = -1;  // not that of the whole step
  return stage_.take(state, t, rho_);
}

std::string ProximalBdf2::midpoint_step(StepReport& report, State& state, double dt) {
  if (!midpoint_.solve(report, state.density, state.time, dt, rho_)) return report.reason;
  return stage_.take(state, state.time + dt, rho_);
}

void ProximalBdf2::remember(Archive& archive) {
  archive.cells_with_ghosts("before", before_);
  archive.number("tau", tau_);
}

}  // namespace otto
