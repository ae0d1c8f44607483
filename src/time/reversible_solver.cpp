#include "reversible_solver.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace otto {

bool ReversibleSolver::serves(const Generator& generator, const ReversibleOptions& options) {
  return generator.symmetric() && !generator.correction() && !generator.exchange() &&
         generator.range() <= options.max_range;
}

ReversibleSolver::ReversibleSolver(const Generator& generator, const ReversibleOptions& options)
    : generator_(generator),
      mesh_(generator.mesh()),
      options_(options),
      solver_(generator, {}),
      pi_(gibbs_weights(generator)),
      conductance_(generator.forward().size()) {
  if (generator.range() > options_.tame) options_.checks = 1;
  const auto forward = generator.forward(), backward = generator.backward();
  for (std::size_t f = 0; f < forward.size(); ++f) {
    const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
    // Of the two equal products, the one whose factors are larger loses nothing to underflow.
    conductance_[f] = pi_[K] < pi_[L] ? forward[f] * pi_[K] : backward[f] * pi_[L];
  }
  pi_.resize(std::size_t(mesh_.owned));
  omega_.resize(pi_.size());
  for (std::size_t k = 0; k < pi_.size(); ++k) omega_[k] = mesh_.volume[k] * pi_[k];
}

/// 1 / (pi D), for the present c.
void ReversibleSolver::set(double c) {
  if (c == c_) return;
  c_ = c;
  unchecked_ = options_.checks;
  std::vector<double> diagonal(std::size_t(mesh_.local()), 0.0);
  for (std::size_t f = 0; f < conductance_.size(); ++f) {
    diagonal[std::size_t(mesh_.faces.left[f])] += c * conductance_[f];
    diagonal[std::size_t(mesh_.faces.right[f])] += c * conductance_[f];
  }
  inverse_.resize(pi_.size());
  for (std::size_t k = 0; k < pi_.size(); ++k) inverse_[k] = 1 / (diagonal[k] + omega_[k]);
}

/// r = b - S x. Fills the ghosts of x.
ReversibleSolver::Norms ReversibleSolver::residual(std::span<const double> b, std::span<double> x) {
  mesh_.halo.update(mesh_.comm, x);
  const std::size_t n = b.size();
  r_.resize(n);
  double of_b = 0, of_x = 0, of_r = 0;
#pragma omp simd reduction(+ : of_b, of_x)
  for (std::size_t k = 0; k < n; ++k) {
    r_[k] = b[k] - omega_[k] * x[k];
    of_b += b[k] * inverse_[k] * (b[k] * inverse_[k]);
    of_x += x[k] * x[k];
  }
  for_each_piece(
      generator_.runs(),
      [&](const FaceRun& run, double* F) {
        const double *g = &conductance_[std::size_t(run.first)], *x_K = &x[std::size_t(run.left)],
                     *x_L = &x[std::size_t(run.right)];
#pragma omp simd
        for (std::int32_t i = 0; i < run.count; ++i) F[i] = c_ * g[i] * (x_K[i] - x_L[i]);
      },
      [&](const FaceRun& run, const double* F) { scatter(run, F, r_.data()); });
#pragma omp simd reduction(+ : of_r)
  for (std::size_t k = 0; k < n; ++k) of_r += r_[k] * inverse_[k] * (r_[k] * inverse_[k]);
  std::array<double, 3> sums{of_b, of_x, of_r};
  mesh_.comm.sum_in_place(sums);
  return {.b = std::sqrt(sums[0]), .x = std::sqrt(sums[1]), .r = std::sqrt(sums[2])};
}

SolveReport ReversibleSolver::run(double c, std::span<const double> b, std::span<double> x,
                                  double rtol) {
  const SolveReport report = solver_.solve(c, {}, b, x, rtol);
  iterations_ += report.iterations;
  return report;
}

bool ReversibleSolver::solve(double c, std::span<const double> b, StepGuess& guess,
                             std::span<double> x, double rtol) {
  (void)guess.next(x);
  if (!run(c, b, x, rtol).converged) return false;
  guess.add(x);
  return true;
}

bool ReversibleSolver::solve_transposed(double c, std::span<const double> b, StepGuess& guess,
                                        std::span<double> x, double rtol) {
  set(c);
  const std::size_t n = b.size();
  b_.resize(n);
  y_.resize(n);
  for (std::size_t k = 0; k < n; ++k) b_[k] = pi_[k] * b[k];
  if (!guess.next(y_)) std::ranges::fill(y_, 0.0);
  SolveReport report = run(c, b_, y_, weight_ * rtol);
  const auto take = [&] {
    for (std::size_t k = 0; k < n; ++k) x[k] = y_[k] / pi_[k];
  };
  take();
  int pass = 1;
  for (; report.converged && look(pass); ++pass) {
    const Norms norm = residual(b_, x);
    if (pass == 1 && norm.r > 0) {
      weight_ = std::clamp(options_.margin * report.relative_residual * norm.b / norm.r,
                           options_.min_weight, options_.margin);
    }
    const double enough = std::max(rtol * norm.b, options_.rounding * norm.x);
    if (norm.r <= enough) break;
    if (pass == options_.max_passes || !std::isfinite(norm.r)) return false;
    e_.assign(n, 0.0);
    report = run(c, r_, e_, options_.margin * enough / norm.r);
    for (std::size_t k = 0; k < n; ++k) y_[k] += e_[k];
    take();
  }
  if (!report.converged) return false;
  if (pass > 1) unchecked_ = options_.checks;  // the next one is looked at, too
  guess.take(y_);
  return true;
}

/// Whether the residual is to be looked at.
bool ReversibleSolver::look(int pass) {
  if (pass == 1 && ++unchecked_ < options_.checks) return false;
  unchecked_ = 0;
  return true;
}

}  // namespace otto
