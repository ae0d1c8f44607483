#include "otto/linear/positive_transport.h"

#include <algorithm>

#include "otto/core/reproducible_sum.h"
#include "otto/operators/face_runs.h"

namespace otto {

PositiveTransport::PositiveTransport(const Transport& transport, SolverOptions options)
    : transport_(transport),
      mesh_(transport.mesh()),
      solver_(mesh_, options),
      left_(std::size_t(mesh_.faces.size())),
      right_(left_.size()),
      change_(std::size_t(mesh_.owned)),
      loss_(change_.size()) {}

double PositiveTransport::move(std::span<const double> phi, std::span<const double> density,
                               double d, std::span<const double> rho0, std::vector<double>& rho1) {
  std::ranges::fill(change_, 0.0);
  ReproducibleSum kinetic;
  transport_.leave(phi, density, d, change_, &kinetic);
  rho1.resize(rho0.size());
  for (std::size_t k = 0; k < change_.size(); ++k) rho1[k] = rho0[k] - change_[k] / mesh_.volume[k];
  mesh_.halo.update(mesh_.comm, rho1);
  return sum_of_all(mesh_.comm, kinetic);
}

SolveReport PositiveTransport::move_positive(std::span<const double> phi,
                                             std::span<const double> density, double d,
                                             std::span<const double> pi,
                                             std::span<const double> rho0,
                                             std::vector<double>& rho1) {
  transport_.conductances(phi, density, d, left_);
  set_rates(phi, pi);
  std::ranges::fill(change_, 0.0);
  for (const FaceRun& run : transport_.runs()) {
    for (std::int32_t i = 0; i < run.count; ++i) {
      const auto f = std::size_t(run.first + i), K = std::size_t(run.left + i),
                 L = std::size_t(run.right + i);
      const double F = left_[f] * rho0[K] + right_[f] * rho0[L];
      if (run.left_owned) change_[K] -= F;
      if (run.right_owned) change_[L] += F;
    }
  }
  const auto volume = std::span(mesh_.volume).first(change_.size());
  solver_.set(1, volume, left_, right_);
  rho1.resize(rho0.size());
  SolveReport report = solver_.solve(change_, std::span(rho1).first(change_.size()));
  for (std::size_t k = 0; k < change_.size(); ++k) rho1[k] = std::max(rho1[k] + rho0[k], 0.0);
  mesh_.halo.update(mesh_.comm, rho1);
  sweep(rho0, rho1);
  return report;
}

/// left = F^+ / pi_K, right = -F^- / pi_L; left_ holds the conductances.
void PositiveTransport::set_rates(std::span<const double> phi, std::span<const double> pi) {
  for (std::size_t f = 0; f < left_.size(); ++f) {
    const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
    const double F = left_[f] * (phi[K] - phi[L]);
    left_[f] = F > 0 && pi[K] > 0 ? F / pi[K] : 0;
    right_[f] = F < 0 && pi[L] > 0 ? F / pi[L] : 0;
  }
}

/// One Jacobi sweep of the M-matrix: densities far below the tolerance of the solve, where rho1 may
/// have been cut off at 0, get their size from their neighbours. Written so that nothing changes
/// where nothing moves.
void PositiveTransport::sweep(std::span<const double> rho0, std::vector<double>& rho1) {
  std::ranges::fill(change_, 0.0);
  std::ranges::fill(loss_, 0.0);
  for (const FaceRun& run : transport_.runs()) {
    for (std::int32_t i = 0; i < run.count; ++i) {
      const auto f = std::size_t(run.first + i), K = std::size_t(run.left + i),
                 L = std::size_t(run.right + i);
      if (run.left_owned) {
        change_[K] -= right_[f] * rho1[L];
        loss_[K] += left_[f];
      }
      if (run.right_owned) {
        change_[L] += left_[f] * rho1[K];
        loss_[L] -= right_[f];
      }
    }
  }
  for (std::size_t k = 0; k < change_.size(); ++k) {
    const double gain = change_[k] - loss_[k] * rho0[k];
    rho1[k] = std::max(rho0[k] + gain / (mesh_.volume[k] + loss_[k]), 0.0);
  }
  mesh_.halo.update(mesh_.comm, rho1);
}

}  // namespace otto
