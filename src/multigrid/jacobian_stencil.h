#pragma once
// Rows of H = J^T Omega J + L_g of the finest level, entry by entry. With the row of J at K,
//
//   (J x)_K = sum_e c_K(e) x_(K + e),     e = 0 or a neighbour,     s_K(e) = sqrt(Omega_K) c_K(e),
//
//   H(K, K + d) = sum of s_M(e) s_M(f) over M = K - e, f = e + d,    - g of the face if |d| = 1.

#include <array>
#include <cmath>
#include <vector>

#include "collapse.h"
#include "proximal_kernels.h"

namespace otto::multigrid {

/// s_K(e): `own`, then lower and upper neighbour of each axis.
template <class Real>
struct ScaledRows {
  std::vector<std::vector<Real>> values;

  void allocate(const BlockGrid& grid) {
    values.assign(std::size_t(2 * grid.dim + 1), std::vector<Real>(grid.size, Real(0)));
  }
  template <int Dim>
  void set(const BlockGrid& grid, const LevelCoefficients<Real>& c) {
    std::array<Real*, 7> to{};
    for (std::size_t e = 0; e < values.size(); ++e) to[e] = values[e].data();
    for_each_row(grid, [=, n = grid.n[0]](std::ptrdiff_t first) {
#pragma omp simd
      for (std::ptrdiff_t o = first; o < first + n; ++o) {
        const Real root = std::sqrt(c.omega[o]);
        to[0][o] = root * own_slope<Dim>(c, o);
#pragma GCC unroll 3
        for (std::size_t a = 0; a < Dim; ++a) {
          to[2 * a + 1][o] = root * c.right[a][o];
          to[2 * a + 2][o] = -root * c.left[a][o + c.stride[a]];
        }
      }
    });
  }
};

/// Which entries H has.
template <class Real>
Stencil<Real> jacobian_pattern(const BlockGrid& grid) {
  Stencil<Real> pattern{BlockGrid(grid.dim, {1, 1, 1})};
  for_each_offset(grid.dim, -1, [&](const Offset& d) {
    const bool in = std::abs(d[0]) + std::abs(d[1]) + std::abs(d[2]) <= reach;
    if (in && code_of(d) >= 0) pattern.allocate(code_of(d));
  });
  return pattern;
}

/// The source of collapse_rows().
template <class Real>
class JacobianRows {
 public:
  JacobianRows(const BlockGrid& grid, const ScaledRows<Real>& s, const LevelCoefficients<Real>& c)
      : grid_(grid), s_(s), c_(c), zeros_(std::size_t(grid.n[0]), Real(0)) {
    for (auto& row : rows_) row = zeros_;
  }

  bool operator()(int j, int k, const Offset& r, GroupRows<Real>& rows) {
    const int across = std::abs(r[1]) + std::abs(r[2]);
    if (across > reach) return false;
    const std::ptrdiff_t o = grid_.index(0, j, k);
    for (int d = -reach; d <= reach; ++d) {
      auto& row = rows_[std::size_t(d + reach)];
      const bool any = across + std::abs(d) <= reach;
      if (any) fill({d, r[1], r[2]}, o, row.data());
      rows[std::size_t(d + reach)] = any ? row.data() : zeros_.data();
    }
    return true;
  }

 private:
  /// Position of e = sign * (axis a) in the values, and its distance in the arrays.
  [[nodiscard]] std::size_t place(std::size_t a, int sign) const {
    return sign == 0 ? 0 : 2 * a + (sign < 0 ? 1 : 2);
  }

  void fill(const Offset& d, std::ptrdiff_t o, Real* row) const {
    std::fill_n(row, grid_.n[0], Real(0));
    std::array<std::size_t, 2> axis{};
    std::array<int, 2> step{};
    std::size_t steps = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      if (d[a] == 0) continue;
      axis[steps] = a;
      step[steps++] = d[a];
    }
    if (steps == 0) return diagonal(o, row);
    const int sign = step[0] > 0 ? 1 : -1;
    const std::ptrdiff_t to = sign * grid_.stride[axis[0]];
    if (steps == 2) {  // by way of either corner
      const std::ptrdiff_t other = step[1] * grid_.stride[axis[1]];
      add(place(axis[0], -step[0]), place(axis[1], step[1]), o + to, row);
      return add(place(axis[1], -step[1]), place(axis[0], step[0]), o + other, row);
    }
    const std::size_t down = place(axis[0], -sign), up = place(axis[0], sign);
    if (std::abs(step[0]) == reach) return add(down, up, o + to, row);
    add(0, up, o, row);
    add(down, 0, o + to, row);
    const Real* g = c_.g[axis[0]] + o + (sign > 0 ? to : 0);
    for (std::int32_t i = 0; i < grid_.n[0]; ++i) row[i] -= g[i];
  }

  void diagonal(std::ptrdiff_t o, Real* row) const {
    add(0, 0, o, row);
    for (std::size_t a = 0; a < std::size_t(grid_.dim); ++a) {
      const std::ptrdiff_t s = grid_.stride[a];
      add(place(a, -1), place(a, -1), o + s, row);
      add(place(a, 1), place(a, 1), o - s, row);
      const Real* g = c_.g[a] + o;
      for (std::int32_t i = 0; i < grid_.n[0]; ++i) row[i] += g[i] + g[i + s];
    }
  }

  /// row += s_M(e) s_M(f), the first M at `at`.
  void add(std::size_t e, std::size_t f, std::ptrdiff_t at, Real* __restrict row) const {
    const Real *one = s_.values[e].data() + at, *two = s_.values[f].data() + at;
#pragma omp simd
    for (std::int32_t i = 0; i < grid_.n[0]; ++i) row[i] += one[i] * two[i];
  }

  const BlockGrid& grid_;
  const ScaledRows<Real>& s_;
  LevelCoefficients<Real> c_;
  std::vector<Real> zeros_;
  std::array<std::vector<Real>, std::size_t(width)> rows_;
};

}  // namespace otto::multigrid
