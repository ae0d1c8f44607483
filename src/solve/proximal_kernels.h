#pragma once
// The loops of a V-cycle for  H = J^T Omega J + L_g  over one level, with
//
//   (J x)_K = x_K + sum_f beta_fK (D x)_f,     J^T q = q + D^T (beta_left q_left + beta_right q_right).
//
// H takes two passes, q = Omega J x and y = J^T q + L_g x, each over the nearest neighbours. Face
// values are stored at the cell above the face; arrays carry a halo of one cell, and beyond walls
// beta and g vanish.

#include <array>
#include <cstddef>

#include "block_grid.h"
#include "cycle_kernels.h"

namespace otto::multigrid {

template <class Real>
using FaceArrays = std::array<const Real*, 3>;

/// The coefficients of one level. `left` and `right` may be the same arrays (centred weights on
/// equal cells), which halves what is read.
template <class Real>
struct LevelCoefficients {
  const Real* omega = nullptr;
  FaceArrays<Real> left{}, right{}, g{};
  std::array<std::ptrdiff_t, 3> stride{};
};

/// Sum over both faces along axis a of cell o of beta_fK (D x)_f.
template <class Real>
inline Real slope_terms(const LevelCoefficients<Real>& c, std::size_t a, const Real* x,
                        std::ptrdiff_t o) {
  const std::ptrdiff_t s = c.stride[a];
  return c.right[a][o] * (x[o - s] - x[o]) + c.left[a][o + s] * (x[o] - x[o + s]);
}

/// What leaves cell o through both its faces along axis a.
template <class Real>
inline Real flux_terms(const LevelCoefficients<Real>& c, std::size_t a, const Real* x,
                       const Real* q, std::ptrdiff_t o) {
  const std::ptrdiff_t s = c.stride[a], u = o + s;
  return c.left[a][u] * q[o] + c.right[a][u] * q[u] + c.g[a][u] * (x[o] - x[u]) -
         (c.left[a][o] * q[o - s] + c.right[a][o] * q[o] + c.g[a][o] * (x[o - s] - x[o]));
}

/// q = Omega J x.
template <int Dim, class Real>
void weighted_jacobian(const BlockGrid& grid, const LevelCoefficients<Real>& c,
                       const Real* __restrict x, Real* __restrict q) {
  for_each_row(grid, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real sum = x[o] + slope_terms(c, 0, x, o);
      if constexpr (Dim > 1) sum += slope_terms(c, 1, x, o);
      if constexpr (Dim > 2) sum += slope_terms(c, 2, x, o);
      q[o] = c.omega[o] * sum;
    }
  });
}

/// use(o, (H x)_o) for every cell, given q = Omega J x.
template <int Dim, class Real, class Use>
void apply_rows(const BlockGrid& grid, const LevelCoefficients<Real>& c,
                const Real* __restrict x, const Real* __restrict q, Use&& use) {
  for_each_row(grid, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real y = q[o] + flux_terms(c, 0, x, q, o);
      if constexpr (Dim > 1) y += flux_terms(c, 1, x, q, o);
      if constexpr (Dim > 2) y += flux_terms(c, 2, x, q, o);
      use(o, y);
    }
  });
}

/// id = 1 / diag(H).
template <int Dim, class Real>
void inverse_diagonal(const BlockGrid& grid, const LevelCoefficients<Real>& c,
                      Real* __restrict id) {
  const auto axis = [&](std::size_t a, std::ptrdiff_t o, Real& own, Real& sum) {
    const std::ptrdiff_t s = c.stride[a], u = o + s;
    own += c.left[a][u] - c.right[a][o];
    sum += c.omega[u] * c.right[a][u] * c.right[a][u] +
           c.omega[o - s] * c.left[a][o] * c.left[a][o] + c.g[a][u] + c.g[a][o];
  };
  for_each_row(grid, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real own = 1, sum = 0;
      axis(0, o, own, sum);
      if constexpr (Dim > 1) axis(1, o, own, sum);
      if constexpr (Dim > 2) axis(2, o, own, sum);
      id[o] = 1 / (c.omega[o] * own * own + sum);
    }
  });
}

}  // namespace otto::multigrid
