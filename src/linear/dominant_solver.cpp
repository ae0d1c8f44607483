#include "dominant_solver.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "flush_tiny_numbers.h"

namespace otto {

DominantSolver::DominantSolver(const Mesh& mesh, const DominantOptions& options)
    : mesh_(mesh),
      options_(options),
      runs_(face_runs(mesh)),
      diagonal_(std::size_t(mesh.local())),
      now_(diagonal_.size()),
      before_(diagonal_.size()),
      inflow_(diagonal_.size()) {}

bool DominantSolver::set(double c, const FaceRates& rates, std::span<const double> omega) {
  c_ = c;
  rates_ = &rates;
  std::ranges::fill(diagonal_, 0.0);
  double min = 0;  // of the rates
  for (const FaceRun& run : runs_) {
    const double *forward = &rates.forward[std::size_t(run.first)],
                 *backward = &rates.backward[std::size_t(run.first)];
    double *left = &diagonal_[std::size_t(run.left)], *right = &diagonal_[std::size_t(run.right)];
    for (std::int32_t i = 0; i < run.count; ++i) left[i] += forward[i];
    for (std::int32_t i = 0; i < run.count; ++i) right[i] += backward[i];
    for (std::int32_t i = 0; i < run.count; ++i) min = std::min({min, forward[i], backward[i]});
  }
  double largest = min < 0 ? 2 * options_.max_outflow : 0;  // only rates >= 0 have the bound
  for (std::size_t k = 0; k < omega.size(); ++k) {
    const double outflow = c * diagonal_[k];
    largest = std::max(largest, outflow / omega[k]);
    diagonal_[k] = omega[k] + outflow;
  }
  largest = mesh_.comm.max(largest);
  q_ = largest / (1 + largest);
  return largest <= options_.max_outflow;
}

/// To inflow_, of the owned cells.
void DominantSolver::add_inflow(Way way, std::span<const double> x) {
  std::ranges::fill(inflow_, 0.0);
  const bool forwards = way == Way::forward;
  for (const FaceRun& run : runs_) {
    const double *forward = &rates_->forward[std::size_t(run.first)],
                 *backward = &rates_->backward[std::size_t(run.first)];
    const double *to_left = forwards ? backward : forward,
                 *to_right = forwards ? forward : backward;
    const double *x_K = &x[std::size_t(run.left)], *x_L = &x[std::size_t(run.right)];
    double *left = &inflow_[std::size_t(run.left)], *right = &inflow_[std::size_t(run.right)];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) left[i] += to_left[i] * x_L[i];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) right[i] += to_right[i] * x_K[i];
  }
}

bool DominantSolver::solve(Way way, std::span<const double> b, std::span<double> x, double rtol,
                           bool guess) {
  const FlushTinyNumbers flush;
  const std::size_t n = b.size();
  const bool forwards = way == Way::forward;
  if (guess) {
    std::ranges::copy(x, now_.begin());
  } else {
    std::ranges::fill(now_, 0.0);
  }
  double w = 1;
  for (iterations_ = 0; iterations_ < options_.max_iterations; ++iterations_) {
    if (iterations_ > 0 || guess) {
      mesh_.halo.update(mesh_.comm, now_);
      add_inflow(way, now_);
    } else {
      std::ranges::fill(inflow_, 0.0);
    }
    double of_r = 0, of_b = 0;
    // x_(n-1) becomes x_(n+1); w = 1 takes nothing of it.
#pragma omp simd reduction(+ : of_r, of_b)
    for (std::size_t k = 0; k < n; ++k) {
      const double z = (b[k] + c_ * inflow_[k]) / diagonal_[k], change = z - now_[k];
      const double scale = forwards ? diagonal_[k] : 1.0,
                   size = forwards ? b[k] : b[k] / diagonal_[k];
      of_r += scale * change * (scale * change);
      of_b += size * size;
      before_[k] = w == 1 ? z : w * (z - before_[k]) + before_[k];
    }
    std::array<double, 2> sums{of_r, of_b};
    mesh_.comm.sum_in_place(sums);
    if (!std::isfinite(sums[0])) return false;
    if (sums[0] <= rtol * rtol * sums[1]) {
      std::copy_n(now_.begin(), n, x.begin());
      return true;
    }
    std::swap(now_, before_);
    w = iterations_ == 0 ? 2 / (2 - q_ * q_) : 1 / (1 - q_ * q_ * w / 4);
  }
  return false;
}

}  // namespace otto
