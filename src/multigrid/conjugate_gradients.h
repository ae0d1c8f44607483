#pragma once
// Conjugate gradients on the scaled system of a level (cycle_kernels.h), in the precision of the
// V-cycle B that preconditions them:
//
//   S x = D x - sum s x = D y,   z = B D y,   beta = (D y).z / (D y).z of before,   p = z + beta p,
//   alpha = (D y).z / p.S p,     x = x + alpha p,   y = y - alpha D^-1 S p.
//
// x takes its share alpha p one iteration late, in the pass that reads p anyway. The norm is that of
// the residual in masses, |sqrt(omega) D y|.

#include <cmath>

#include "cycle_kernels.h"
#include "otto/core/reproducible_sum.h"

namespace otto::multigrid {

template <class Real>
struct CgFields {
  std::vector<Real> x, p, w;  ///< solution, direction, D^-1 S p; with halo layout
  std::vector<Real> weight;   ///< sqrt(omega) d
};

/// A sum over the cells of a block whose arrays have halos, made layer by layer.
class LayerSum {
 public:
  LayerSum(const BlockGrid& grid, const RowBlock& rows) : grid_(grid), terms_(rows, sum_) {}

  /// term(o) of the cells of a layer.
  template <class Term>
  void add(std::int32_t layer, Term&& term) {
    const auto nx = std::size_t(grid_.n[0]);
    for_each_row(grid_, layer, [&](std::ptrdiff_t o, int j, int k) {
      const std::size_t row = std::size_t(j) + std::size_t(grid_.n[1]) * std::size_t(k);
      terms_.add(row * nx, nx, [&](std::size_t i) { return term(o + std::ptrdiff_t(i)); });
    });
  }
  /// Over all ranks. Collective.
  double value(const Comm& comm) {
    terms_.finish();
    return sum_of_all(comm, sum_);
  }

 private:
  const BlockGrid& grid_;
  ReproducibleSum sum_;
  GroupedTerms terms_;
};

/// x += alpha p, p = z + beta p; the first time x = 0, p = z.
template <class Real>
void turn_direction(const BlockGrid& grid, std::int32_t layer, bool first, Real alpha, Real beta,
                    const Real* __restrict z, Real* __restrict p, Real* __restrict x) {
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) {
    const std::ptrdiff_t end = o + grid.n[0];
    if (first) {
#pragma omp simd
      for (std::ptrdiff_t q = o; q < end; ++q) {
        x[q] = 0;
        p[q] = z[q];
      }
      return;
    }
#pragma omp simd
    for (std::ptrdiff_t q = o; q < end; ++q) {
      x[q] += alpha * p[q];
      p[q] = z[q] + beta * p[q];
    }
  });
}

/// w = p - (1/d) sum s p.
template <class Real, class Coupling>
void scaled_product(const BlockGrid& grid, std::int32_t layer, const Coupling& coupling,
                    const Real* __restrict id, const Real* __restrict p, Real* __restrict w) {
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) {
#pragma omp simd
    for (std::ptrdiff_t q = o; q < o + grid.n[0]; ++q) w[q] = p[q] - id[q] * coupling(p, q);
  });
}

/// y -= alpha w.
template <class Real>
void reduce_residual(const BlockGrid& grid, std::int32_t layer, Real alpha,
                     const Real* __restrict w, Real* __restrict y) {
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) {
#pragma omp simd
    for (std::ptrdiff_t q = o; q < o + grid.n[0]; ++q) y[q] -= alpha * w[q];
  });
}

}  // namespace otto::multigrid
