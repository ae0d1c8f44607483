#include "proximal_midpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "otto/time/linear_stage.h"

namespace otto {

bool ProximalMidpoint::solve(StepReport& report, std::span<const double> rho0, double t, double dt,
                             std::vector<double>& rho1) {
  // there is another rule: what takes a path costs a hundred iterations
  if (!stage_.solve(report, rho0, 0.5 * dt, 1, t + 0.5 * dt, half_, false)) return false;
  mu_.resize(rho0.size());
  pi_.resize(rho0.size());
  stage_.transport().hamilton_jacobi(stage_.phi(), 0.5 * dt, mu_);
  mesh_.halo.update(mesh_.comm, mu_);
  close_.even_out(stage_.phi(), mu_);
  stage_.set_tails(half_, mu_);
  const double max_growth = options_.max_growth;
  for (std::size_t k = 0; k < pi_.size(); ++k) {
    pi_[k] = half_[k] * (half_[k] < max_growth * rho0[k] ? half_[k] / rho0[k] : max_growth);
  }
  report.dissipation = mover_.move(mu_, half_, dt, rho0, rho1);
  const std::string failed = mover_.move_positive(mu_, half_, dt, pi_, rho0, rho1);
  if (!failed.empty()) {
    report.reason = "the transport of the midpoint rule failed: " + failed;
    return false;
  }
  const auto [missed, moved] = parts(rho0, rho1);
  const double allowed = std::max(options_.missed_of_moved * moved, options_.always_missed);
  if (missed > std::min(allowed, options_.max_missed)) {
    report.reason = fmt::format(
        "the midpoint rule misses its own guess of the density by {:.2g}, where {:.2g} moves",
        missed, moved);
    return false;
  }
  if (moved > options_.at_rest && left_of_mu(rho0) < options_.min_left) {
    report.reason = "the midpoint rule would swing about the equilibrium: its step is too long";
    return false;
  }
  return true;
}

double ProximalMidpoint::left_of_mu(std::span<const double> rho0) {
  mu0_.resize(std::size_t(mesh_.owned));
  stage_.chemical_potential(rho0, mu0_);
  std::array<ReproducibleSum, 3> moments;
  std::array<ReproducibleSum, 2> squares;
  const auto each = [&](const auto& take) {
    for (std::size_t k = 0; k < mu0_.size(); ++k) {
      const double mass = mesh_.volume[k] * std::min(rho0[k], half_[k]);
      if (mass > 0) take(mass, mu0_[k], mu_[k]);
    }
  };
  each([&](double mass, double mu0, double mu) {
    moments[0] += mass;
    moments[1] += mass * mu0;
    moments[2] += mass * mu;
  });
  const std::vector<double> m = sums_of_all(mesh_.comm, moments);
  each([&](double mass, double mu0, double mu) {
    const double from0 = mu0 - m[1] / m[0], from = mu - m[2] / m[0];
    squares[0] += mass * from0 * from0;
    squares[1] += mass * from * from;
  });
  const std::vector<double> s = sums_of_all(mesh_.comm, squares);
  return std::sqrt(s[1] / s[0]);
}

/// sum vol |rho1 - pi| and sum vol |rho1 - rho0|, over the mass.
std::array<double, 2> ProximalMidpoint::parts(std::span<const double> rho0,
                                              std::span<const double> rho1) const {
  std::array<ReproducibleSum, 3> parts;
  for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
    parts[0] += mesh_.volume[k] * std::abs(rho1[k] - pi_[k]);
    parts[1] += mesh_.volume[k] * std::abs(rho1[k] - rho0[k]);
    parts[2] += mesh_.volume[k] * rho1[k];
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return {sums[0] / sums[2], sums[1] / sums[2]};
}

StepReport plain_step(ProximalStage& stage, StepReport report, State& state, double dt,
                      std::vector<double>& rho) {
  const double t = state.time + dt;
  if (!stage.solve(report, state.density, dt, 0.5, t, rho)) return report;
  return stage.finish(std::move(report), state, t, rho);
}

StepReport fall_back(ProximalStage& stage, StepReport report, State& state, double dt,
                     const std::string& reason, std::vector<double>& rho) {
  report = plain_step(stage, std::move(report), state, dt, rho);
  if (!report.accepted) return report;
  report.reason = "a step of first order: " + reason;
  report.fallback = fallback::first_order;
  return report;
}

}  // namespace otto
