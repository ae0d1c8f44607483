#pragma once
// The loops of a V-cycle over one level. The level's system is  d_K x_K - sum_L s_KL x_L = b_K
// (symmetrised: x = sqrt(omega) u), and the right-hand side is kept as y = b / d. Arrays carry a
// halo of one cell; beyond walls s (where stored), x and y vanish.
//
// Every loop works on one layer (passes.h).

#include <algorithm>
#include <cstddef>

#include "passes.h"

namespace otto::multigrid {

/// sum_L s_KL x_L with one coupling per axis.
template <int Dim, class Real>
struct ConstantCoupling {
  std::array<Real, 3> s;
  std::array<std::ptrdiff_t, 3> stride;
  Real operator()(const Real* x, std::ptrdiff_t q) const {
    Real sum = s[0] * (x[q - 1] + x[q + 1]);
    if constexpr (Dim > 1) sum += s[1] * (x[q - stride[1]] + x[q + stride[1]]);
    if constexpr (Dim > 2) sum += s[2] * (x[q - stride[2]] + x[q + stride[2]]);
    return sum;
  }
};

/// sum_L s_KL x_L with a coupling per face, stored at the cell above it.
template <int Dim, class Real>
struct FaceCoupling {
  std::array<const Real*, 3> s;
  std::array<std::ptrdiff_t, 3> stride;
  Real operator()(const Real* x, std::ptrdiff_t q) const {
    Real sum = s[0][q] * x[q - 1] + s[0][q + 1] * x[q + 1];
    if constexpr (Dim > 1) {
      sum += s[1][q] * x[q - stride[1]] + s[1][q + stride[1]] * x[q + stride[1]];
    }
    if constexpr (Dim > 2) {
      sum += s[2][q] * x[q - stride[2]] + s[2][q + stride[2]] * x[q + stride[2]];
    }
    return sum;
  }
};

/// Two damped Jacobi sweeps from zero in one pass: x1 = w1 y, x = x1 + w2 (y + (1/d) sum s x1 -
/// x1).
template <class Real, class Coupling>
void first_sweeps(const BlockGrid& grid, std::int32_t layer, const Coupling& coupling, Real w1,
                  Real w2, const Real* __restrict id, const Real* __restrict y,
                  Real* __restrict x) {
  const Real own = w1 + w2 - w1 * w2, across = w1 * w2;
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) {
#pragma omp simd
    for (std::ptrdiff_t q = o; q < o + grid.n[0]; ++q) {
      x[q] = own * y[q] + across * id[q] * coupling(y, q);
    }
  });
}

/// out = x + w (y + (1/d) sum s x - x).
template <class Real, class Coupling>
void sweep(const BlockGrid& grid, std::int32_t layer, const Coupling& coupling, Real w,
           const Real* __restrict id, const Real* __restrict y, const Real* __restrict x,
           Real* __restrict out) {
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) {
#pragma omp simd
    for (std::ptrdiff_t q = o; q < o + grid.n[0]; ++q) {
      out[q] = x[q] + w * (y[q] - x[q] + id[q] * coupling(x, q));
    }
  });
}

/// Coarse y_I = (1/d_I) sum over the children K of I of p_K (d (y - x) + sum s x)_K, for the I
/// whose last children lie in this layer. `row`: n[0] + 1 entries of scratch.
template <class Real, class Coupling>
void restrict_residual(const BlockGrid& grid, std::int32_t layer, const Coupling& coupling,
                       const Real* __restrict d, const Real* __restrict p, const Real* __restrict y,
                       const Real* __restrict x, const BlockGrid& coarse,
                       const std::array<int, 3>& factor, const Real* __restrict coarse_id,
                       Real* __restrict row, Real* __restrict coarse_y) {
  const std::int32_t nx = grid.n[0], along = grid.dim == 1 ? 1 : factor[std::size_t(grid.dim) - 1];
  if (layer % along != along - 1 && layer != layers(grid) - 1) return;
  for_each_row(coarse, layer / along, [&](std::ptrdiff_t target, int J, int K) {
    std::fill(row, row + nx + 1, Real(0));
    for (int k = K * factor[2]; k < std::min((K + 1) * factor[2], grid.n[2]); ++k) {
      for (int j = J * factor[1]; j < std::min((J + 1) * factor[1], grid.n[1]); ++j) {
        const std::ptrdiff_t o = grid.index(0, j, k);
#pragma omp simd
        for (std::ptrdiff_t i = 0; i < nx; ++i) {
          const std::ptrdiff_t q = o + i;
          row[i] += p[q] * (d[q] * (y[q] - x[q]) + coupling(x, q));
        }
      }
    }
    Real* out = coarse_y + target;
    const Real* id = coarse_id + target;
    if (factor[0] == 2) {
      for (std::int32_t i = 0; i < coarse.n[0]; ++i) out[i] = id[i] * (row[2 * i] + row[2 * i + 1]);
    } else {
      for (std::int32_t i = 0; i < coarse.n[0]; ++i) out[i] = id[i] * row[i];
    }
  });
}

/// x_K += p_K (coarse x)_I for every child K of I. `row`: n[0] + 1 entries of scratch.
template <class Real>
void prolong_add(const BlockGrid& grid, std::int32_t layer, const Real* __restrict p,
                 const BlockGrid& coarse, const std::array<int, 3>& factor,
                 const Real* __restrict coarse_x, Real* __restrict row, Real* __restrict x) {
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int j, int k) {
    const Real* in = coarse_x + coarse.index(0, j / factor[1], k / factor[2]);
    if (factor[0] == 2) {
      for (std::int32_t i = 0; i < coarse.n[0]; ++i) row[2 * i] = row[2 * i + 1] = in[i];
    } else {
      std::copy(in, in + coarse.n[0], row);
    }
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < grid.n[0]; ++i) x[o + i] += p[o + i] * row[i];
  });
}

}  // namespace otto::multigrid
