#pragma once
// The loops of a V-cycle for  H = J^T Omega J + L_g  over one level, with
//
//   (J x)_K = x_K + sum_f beta_fK (D x)_f,     J^T q = q + D^T (beta_left q_left + beta_right
//   q_right).
//
// H takes two passes, q = Omega J x and y = J^T q + L_g x, each over the nearest neighbours. Face
// values are stored at the cell above the face; arrays carry a halo of one cell, and beyond walls
// beta and g vanish.

#include <array>
#include <cmath>
#include <cstddef>

#include "passes.h"

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
[[gnu::always_inline]] inline Real slope_terms(const LevelCoefficients<Real>& c, std::size_t a,
                                               const Real* x, std::ptrdiff_t o) {
  const std::ptrdiff_t s = c.stride[a];
  return c.right[a][o] * (x[o - s] - x[o]) + c.left[a][o + s] * (x[o] - x[o + s]);
}

/// What leaves cell o through both its faces along axis a.
template <class Real>
[[gnu::always_inline]] inline Real flux_terms(const LevelCoefficients<Real>& c, std::size_t a,
                                              const Real* x, const Real* q, std::ptrdiff_t o) {
  const std::ptrdiff_t s = c.stride[a], u = o + s;
  return c.left[a][u] * q[o] + c.right[a][u] * q[u] + c.g[a][u] * (x[o] - x[u]) -
         (c.left[a][o] * q[o - s] + c.right[a][o] * q[o] + c.g[a][o] * (x[o - s] - x[o]));
}

/// q = Omega J x in one layer.
template <int Dim, class Real>
void weighted_jacobian(const BlockGrid& grid, std::int32_t layer, const LevelCoefficients<Real>& c,
                       const Real* __restrict x, Real* __restrict q) {
  for_each_row(grid, layer, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real sum = x[o] + slope_terms(c, 0, x, o);
      if constexpr (Dim > 1) sum += slope_terms(c, 1, x, o);
      if constexpr (Dim > 2) sum += slope_terms(c, 2, x, o);
      q[o] = c.omega[o] * sum;
    }
  });
}

/// use(o, (H x)_o) for every cell of a layer, given q = Omega J x.
template <int Dim, class Real, class Use>
void apply_rows(const BlockGrid& grid, std::int32_t layer, const LevelCoefficients<Real>& c,
                const Real* __restrict x, const Real* __restrict q, Use&& use) {
  for_each_row(grid, layer, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real y = q[o] + flux_terms(c, 0, x, q, o);
      if constexpr (Dim > 1) y += flux_terms(c, 1, x, q, o);
      if constexpr (Dim > 2) y += flux_terms(c, 2, x, q, o);
      use(o, y);
    }
  });
}

/// Diagonal entry of J at cell o.
template <int Dim, class Real>
inline Real own_slope(const LevelCoefficients<Real>& c, std::ptrdiff_t o) {
  Real own = 1 + c.left[0][o + c.stride[0]] - c.right[0][o];
  if constexpr (Dim > 1) own += c.left[1][o + c.stride[1]] - c.right[1][o];
  if constexpr (Dim > 2) own += c.left[2][o + c.stride[2]] - c.right[2][o];
  return own;
}

/// q = Omega |J| 1.
template <int Dim, class Real>
void weighted_row_sums(const BlockGrid& grid, const LevelCoefficients<Real>& c,
                       Real* __restrict q) {
  const auto axis = [&](std::size_t a, std::ptrdiff_t o) {
    return std::abs(c.left[a][o + c.stride[a]]) + std::abs(c.right[a][o]);
  };
  for_each_row(grid, [&](std::ptrdiff_t first) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real sum = std::abs(own_slope<Dim>(c, o)) + axis(0, o);
      if constexpr (Dim > 1) sum += axis(1, o);
      if constexpr (Dim > 2) sum += axis(2, o);
      q[o] = c.omega[o] * sum;
    }
  });
}

/// id = 1 / max(H_KK, 1/2 sum_L |H_KL|), with |J|^T Omega |J| + |L_g| for |H| and q = Omega |J| 1:
/// so that no eigenvalue of diag(id) H exceeds 2 (Gershgorin), as for the Laplacian, where it is
/// 1/H_KK.
template <int Dim, class Real>
void inverse_diagonal(const BlockGrid& grid, const LevelCoefficients<Real>& c,
                      const Real* __restrict q, Real* __restrict id) {
  const auto axis = [&](std::size_t a, std::ptrdiff_t o, Real& entry, Real& row) {
    const std::ptrdiff_t s = c.stride[a], u = o + s;
    const Real up = std::abs(c.right[a][u]), down = std::abs(c.left[a][o]);
    const Real g = c.g[a][u] + c.g[a][o];
    entry += c.omega[u] * up * up + c.omega[o - s] * down * down + g;
    row += up * q[u] + down * q[o - s] + 2 * g;
  };
  for_each_row(grid, [&](std::ptrdiff_t first) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      const Real own = std::abs(own_slope<Dim>(c, o));
      Real entry = c.omega[o] * own * own, row = own * q[o];
      axis(0, o, entry, row);
      if constexpr (Dim > 1) axis(1, o, entry, row);
      if constexpr (Dim > 2) axis(2, o, entry, row);
      const Real half = Real(0.5) * row;
      id[o] = 1 / (entry > half ? entry : half);
    }
  });
}

}  // namespace otto::multigrid
