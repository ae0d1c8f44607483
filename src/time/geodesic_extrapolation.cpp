#include "geodesic_extrapolation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "otto/operators/face_runs.h"
#include "otto/time/linear_stage.h"

namespace otto {

GeodesicExtrapolation::GeodesicExtrapolation(const Transport& transport, PositiveTransport& mover,
                                             SolverOptions solver, const GeodesicOptions& options)
    : transport_(transport),
      mesh_(transport.mesh()),
      mover_(mover),
      close_(mesh_),
      options_(options),
      system_(transport, solver),
      mean_(std::size_t(mesh_.local())),
      psi_(mean_.size()),
      later_(mean_.size()),
      omega_(std::size_t(mesh_.owned)),
      rhs_(omega_.size()),
      delta_(omega_.size()),
      conductance_(std::size_t(mesh_.faces.size())),
      slope_(conductance_.size(), 0.0) {
  const double volume = integral(mesh_, std::vector<double>(omega_.size(), 1.0));
  inverse_square_ = std::pow(volume, -2.0 / mesh_.dimension);
}

/// Omega = tau (gauge vol rho / size^2 + vacuum (mean of rho) (sum of a over the faces of K)).
void GeodesicExtrapolation::set_omega(double tau) {
  std::ranges::fill(omega_, 0.0);
  for (const FaceRun& run : transport_.runs()) {
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double a = mesh_.faces.transmissibility[std::size_t(run.first + i)];
      if (run.right_owned) omega_[std::size_t(run.right + i)] += a;
    }
    for (std::int32_t i = 0; i < run.count && run.left_owned; ++i) {  // the lower face first
      omega_[std::size_t(run.left + i)] += mesh_.faces.transmissibility[std::size_t(run.first + i)];
    }
  }
  const double mean = integral(mesh_, std::span(mean_).first(omega_.size())) *
                      std::pow(inverse_square_, 0.5 * mesh_.dimension);
  for (std::size_t k = 0; k < omega_.size(); ++k) {
    omega_[k] = tau * (options_.gauge * mesh_.volume[k] * mean_[k] * inverse_square_ +
                       options_.vacuum * mean * omega_[k]);
  }
}

/// phi, as that of a plain step with kappa = 1/2, moves `before` to `now` already: sum |rhs| is what
/// such a step may leave.
bool GeodesicExtrapolation::solves(const Points& points) const {
  std::array<ReproducibleSum, 2> parts;
  for (std::size_t k = 0; k < rhs_.size(); ++k) {
    parts[0] += std::abs(rhs_[k]);
    parts[1] += mesh_.volume[k] * points.now[k];
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return sums[0] <= options_.settled * sums[1];
}

std::string GeodesicExtrapolation::find_potential(StepReport& report, const Points& points,
                                                  std::span<const double> phi) {
  for (std::size_t k = 0; k < mean_.size(); ++k) {
    mean_[k] = 0.5 * (points.before[k] + points.now[k]);
  }
  std::ranges::fill(rhs_, 0.0);
  transport_.leave(phi, mean_, points.tau, rhs_);
  for (std::size_t k = 0; k < rhs_.size(); ++k) {
    rhs_[k] = mesh_.volume[k] * (points.before[k] - points.now[k]) - rhs_[k];
  }
  psi_.assign(phi.begin(), phi.end());
  if (solves(points)) return "";
  transport_.conductances(phi, mean_, points.tau, conductance_);
  set_omega(points.tau);
  system_.set({omega_, slope_, slope_, conductance_});
  const double rtol = std::min(options_.rtol, options_.rtol_factor * system_.rtol());
  const SolveReport solve = system_.solve(rhs_, delta_, rtol);
  count(report, solve);
  if (!solve.converged) return "the linear solve of the extrapolation failed: " + solve.reason;
  for (std::size_t k = 0; k < delta_.size(); ++k) psi_[k] = phi[k] + delta_[k];
  mesh_.halo.update(mesh_.comm, psi_);
  return "";
}

GeodesicExtrapolation::Shape GeodesicExtrapolation::shape(const Points& points,
                                                          std::span<const double> rho) const {
  const double ahead = points.s / points.tau;
  std::array<ReproducibleSum, 5> parts;
  for (std::size_t k = 0; k < omega_.size(); ++k) {
    const double now = points.now[k], move = ahead * (now - points.before[k]);
    const double floor = options_.min_factor * now, vol = mesh_.volume[k];
    parts[0] += vol * now;
    parts[1] += vol * std::abs(move);
    parts[2] += vol * std::abs(rho[k] - now - move);
    parts[3] += vol * std::max(floor - rho[k], 0.0);
    parts[4] += vol * std::max(floor - now - move, 0.0);
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return {sums[1] / sums[0], sums[2] / sums[0], sums[3] / sums[0], sums[4] / sums[0]};
}

/// The line, no lower than min_factor of now; its mass is that of now.
void GeodesicExtrapolation::straight(const Points& points, std::span<double> rho) const {
  const double ahead = points.s / points.tau;
  std::array<ReproducibleSum, 2> parts;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const double now = points.now[k];
    rho[k] = std::max(now + ahead * (now - points.before[k]), options_.min_factor * now);
    if (k >= omega_.size()) continue;
    parts[0] += mesh_.volume[k] * now;
    parts[1] += mesh_.volume[k] * rho[k];
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  for (double& r : rho) r *= sums[0] / sums[1];
}

std::string GeodesicExtrapolation::find(StepReport& report, const Points& points,
                                        std::span<const double> phi, std::vector<double>& rho) {
  std::string reason = find_potential(report, points, phi);
  if (!reason.empty()) return reason;
  const double s = points.s, ahead = 0.5 * s / points.tau;
  transport_.hamilton_jacobi(psi_, 0.5 * (points.tau + s), later_);
  mesh_.halo.update(mesh_.comm, later_);
  close_.even_out(psi_, later_);
  for (std::size_t k = 0; k < mean_.size(); ++k) {
    const double now = points.now[k];
    mean_[k] = std::max(now + ahead * (now - points.before[k]), 0.0);
  }
  mover_.move(later_, mean_, s, points.now, rho);
  const Shape is = shape(points, rho);
  const bool bends = !(is.bend <= options_.max_bend * (1 + points.tau / s) * is.moved);
  if (bends || is.raised > options_.max_raised * is.moved) {
    if (is.raised_line <= options_.max_raised_line * is.moved) {
      straight(points, rho);
      report.fallback = std::max(report.fallback, fallback::other_rule);
      return "";
    }
    if (bends) return "the geodesic crosses more cells than it sees";
  }
  bool low = false;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const double floor = options_.min_factor * points.now[k];
    low = low || !(rho[k] >= floor);
    rho[k] = std::max(rho[k], floor);
  }
  if (!mesh_.comm.any(low)) return "";

  psi_.assign(rho.begin(), rho.end());
  reason = mover_.move_positive(later_, mean_, s, psi_, points.now, rho);
  return reason.empty() ? "" : "the transport of the extrapolation failed: " + reason;
}

}  // namespace otto
