#pragma once
// The coarse levels of  H = J^T Omega J + L_g.  A row of J is a form in the value of its cell and
// its differences to the neighbours,
//
//   (J x)_K = c_K . y_K,   y_K = (x_K, x_L - x_K for the neighbours L),   c_K = (1, beta, -beta, ..),
//
// so J^T Omega J is the sum of the local forms y_K^T G_K y_K with G_K = Omega_K c_K c_K^T. Where
// cells are joined, and x varies linearly between the aggregates I, the differences d- and d+ of I
// along an axis are shared out among its two cells,
//
//   lower cell: y- = d-/2, y+ = (d+ - d-)/4;     upper cell: y- = (d- - d+)/4, y+ = d+/2,
//
// y_K = T_K y_I: the product of J^T Omega J with this interpolation, values taken as those of I, is
// G_I = sum over the cells K of I of T_K^T G_K T_K, a form of the same kind, made without a word
// from other ranks. Slopes that vary within an aggregate keep their mean square in it, which rows of
// J made anew from summed slopes would lose. With x constant on the aggregates instead, G_I would
// grow too stiff by a factor of two from level to level.
//
// A product with H takes two passes: q_K = G_K y_K, and what of it belongs to the neighbours is
// handed over.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "passes.h"

namespace otto::multigrid {

/// Entries of y: the value, then the difference to the lower and the upper neighbour of each axis.
template <int Dim>
inline constexpr std::size_t form_size = 2 * Dim + 1;
/// Entries of a symmetric form, row by row of its upper triangle.
template <int Dim>
inline constexpr std::size_t form_entries = form_size<Dim>*(form_size<Dim> + 1) / 2;

template <int Dim>
constexpr std::size_t form_entry(std::size_t r, std::size_t c) {
  if (r > c) return form_entry<Dim>(c, r);
  return r * form_size<Dim> - r * (r + 1) / 2 + c;
}

/// T along one axis: y- = mm d- + mp d+, y+ = pm d- + pp d+.
template <class Real>
struct AxisMap {
  Real mm = 1, mp = 0, pm = 0, pp = 1;
};

/// Of cell `at` of an axis of `n` cells joined by `factor`; beyond walls there is no difference.
template <class Real>
AxisMap<Real> axis_map(std::int32_t at, std::int32_t n, int factor, std::array<bool, 2> walls) {
  AxisMap<Real> map;
  const bool upper = at % 2 == 1, alone = !upper && at + 1 == n;
  if (factor == 2 && alone) map = {Real(0.75), 0, 0, Real(0.75)};
  if (factor == 2 && !alone && !upper) map = {Real(0.5), 0, Real(-0.25), Real(0.25)};
  if (factor == 2 && upper) map = {Real(0.25), Real(-0.25), 0, Real(0.5)};
  if (walls[0] && at / factor == 0) map.mm = map.pm = 0;
  if (walls[1] && at / factor == (n - 1) / factor) map.mp = map.pp = 0;
  return map;
}

template <int Dim, class Real>
using Maps = std::array<AxisMap<Real>, Dim>;
/// The forms of one level, an array for each entry.
template <int Dim, class Real>
using FormArrays = std::array<Real*, form_entries<Dim>>;
template <int Dim, class Real>
using Form = std::array<Real, form_entries<Dim>>;

/// G += T^T G_K T, G_K = Omega c c^T, for a row of the finest level.
template <int Dim, class Real>
struct RowOfJacobian {
  const Real* omega;
  std::array<const Real*, 3> left, right;
  std::array<std::ptrdiff_t, 3> stride;

  [[gnu::always_inline]] void operator()(std::ptrdiff_t o, const Maps<Dim, Real>& T,
                                         Form<Dim, Real>& G) const {
    std::array<Real, form_size<Dim>> c;
    c[0] = 1;
#pragma GCC unroll 32
    for (std::size_t a = 0; a < Dim; ++a) {
      const Real lower = right[a][o], upper = -left[a][o + stride[a]];
      c[2 * a + 1] = T[a].mm * lower + T[a].pm * upper;
      c[2 * a + 2] = T[a].mp * lower + T[a].pp * upper;
    }
#pragma GCC unroll 32
    for (std::size_t r = 0; r < form_size<Dim>; ++r) {
      const Real scaled = omega[o] * c[r];
#pragma GCC unroll 32
      for (std::size_t s = r; s < form_size<Dim>; ++s) G[form_entry<Dim>(r, s)] += scaled * c[s];
    }
  }
};

/// The same for a form of a coarser level.
template <int Dim, class Real>
struct StoredForm {
  FormArrays<Dim, Real> form;

  [[gnu::always_inline]] void operator()(std::ptrdiff_t o, const Maps<Dim, Real>& T,
                                         Form<Dim, Real>& G) const {
    constexpr std::size_t size = form_size<Dim>;
    std::array<std::array<Real, size>, size> half;  // G_K T
#pragma GCC unroll 32
    for (std::size_t r = 0; r < size; ++r) {
      half[r][0] = form[form_entry<Dim>(r, 0)][o];
#pragma GCC unroll 32
      for (std::size_t a = 0; a < Dim; ++a) {
        const Real lower = form[form_entry<Dim>(r, 2 * a + 1)][o],
                   upper = form[form_entry<Dim>(r, 2 * a + 2)][o];
        half[r][2 * a + 1] = T[a].mm * lower + T[a].pm * upper;
        half[r][2 * a + 2] = T[a].mp * lower + T[a].pp * upper;
      }
    }
#pragma GCC unroll 32
    for (std::size_t s = 0; s < size; ++s) G[form_entry<Dim>(0, s)] += half[0][s];
#pragma GCC unroll 32
    for (std::size_t a = 0; a < Dim; ++a) {
      const std::size_t lower = 2 * a + 1, upper = 2 * a + 2;
#pragma GCC unroll 32
      for (std::size_t s = lower; s < size; ++s) {
        G[form_entry<Dim>(lower, s)] += T[a].mm * half[lower][s] + T[a].pm * half[upper][s];
      }
#pragma GCC unroll 32
      for (std::size_t s = upper; s < size; ++s) {
        G[form_entry<Dim>(upper, s)] += T[a].mp * half[lower][s] + T[a].pp * half[upper][s];
      }
    }
  }
};

/// G_I = sum of add(K, T_K, .) over the cells K of each aggregate I.
template <int Dim, class Real, class Add>
void join_forms(const BlockGrid& grid, const BlockGrid& coarse, const std::array<int, 3>& factor,
                const std::array<std::array<bool, 2>, 3>& walls, const Add& add,
                const FormArrays<Dim, Real>& G) {
  const auto map = [&](std::size_t a, std::int32_t at) {
    return axis_map<Real>(at, grid.n[a], factor[a], walls[a]);
  };
  for_each_row_at(coarse, [&](std::ptrdiff_t target, int J, int K) {
    for (int k = K * factor[2]; k < std::min((K + 1) * factor[2], grid.n[2]); ++k) {
      for (int j = J * factor[1]; j < std::min((J + 1) * factor[1], grid.n[1]); ++j) {
        const bool first = k == K * factor[2] && j == J * factor[1];
        Maps<Dim, Real> T;
        if constexpr (Dim > 1) T[1] = map(1, j);
        if constexpr (Dim > 2) T[2] = map(2, k);
        const std::ptrdiff_t row = grid.index(0, j, k);
        // The cells of the aggregates [begin, end) of the row, of which all have the same maps.
        const auto join = [&](std::int32_t begin, std::int32_t end) {
          if (begin >= end) return;
          const std::int32_t i = begin * factor[0];
          const bool pair = factor[0] == 2 && i + 1 < grid.n[0];
          Maps<Dim, Real> left = T, right = T;
          left[0] = map(0, i);
          if (pair) right[0] = map(0, i + 1);
#pragma omp simd
          for (std::int32_t I = begin; I < end; ++I) {
            Form<Dim, Real> sum{};
            add(row + I * factor[0], left, sum);
            if (pair) add(row + 2 * I + 1, right, sum);
#pragma GCC unroll 32
            for (std::size_t e = 0; e < form_entries<Dim>; ++e) {
              G[e][target + I] = first ? sum[e] : G[e][target + I] + sum[e];
            }
          }
        };
        const std::int32_t n = coarse.n[0];
        join(0, 1);
        join(1, n - 1);
        if (n > 1) join(n - 1, n);
      }
    }
  });
}

/// q[0] = what stays of G y, q[1 + 2a], q[2 + 2a] = what the lower and the upper neighbour get.
template <int Dim, class Real>
void local_products(const BlockGrid& grid, std::int32_t layer, const FormArrays<Dim, Real>& G,
                    const Real* __restrict x, const std::array<Real*, form_size<Dim>>& q) {
  for_each_row(grid, layer, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      std::array<Real, form_size<Dim>> y;
      y[0] = x[o];
#pragma GCC unroll 32
      for (std::size_t a = 0; a < Dim; ++a) {
        y[2 * a + 1] = x[o - grid.stride[a]] - x[o];
        y[2 * a + 2] = x[o + grid.stride[a]] - x[o];
      }
      Real own = 0;
#pragma GCC unroll 32
      for (std::size_t r = 0; r < form_size<Dim>; ++r) {
        Real sum = 0;
#pragma GCC unroll 32
        for (std::size_t s = 0; s < form_size<Dim>; ++s) sum += G[form_entry<Dim>(r, s)][o] * y[s];
        own += r == 0 ? sum : -sum;
        if (r > 0) q[r][o] = sum;
      }
      q[0][o] = own;
    }
  });
}

/// use(o, (H x)_o) given the parts q of all cells.
template <int Dim, class Real, class Use>
void collect_products(const BlockGrid& grid, std::int32_t layer,
                      const std::array<const Real*, 3>& g, const Real* __restrict x,
                      const std::array<Real*, form_size<Dim>>& q, Use&& use) {
  for_each_row(grid, layer, [&](std::ptrdiff_t first, int, int) {
#pragma omp simd
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real sum = q[0][o];
#pragma GCC unroll 32
      for (std::size_t a = 0; a < Dim; ++a) {
        const std::ptrdiff_t s = grid.stride[a];
        sum += q[2 * a + 2][o - s] + q[2 * a + 1][o + s];
        sum += g[a][o] * (x[o] - x[o - s]) + g[a][o + s] * (x[o] - x[o + s]);
      }
      use(o, sum);
    }
  });
}

/// The parts of the diagonal (entries) and of the sums of the sizes of each row (sums) that the
/// form of each cell gives to itself and to its neighbours: of M = T^T G T, x = T y.
template <int Dim, class Real>
void local_sizes(const BlockGrid& grid, const FormArrays<Dim, Real>& G,
                 const std::array<Real*, form_size<Dim>>& entries,
                 const std::array<Real*, form_size<Dim>>& sums) {
  constexpr std::size_t size = form_size<Dim>;
  for_each_row(grid, [&](std::ptrdiff_t first) {
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      std::array<Real, size> across{};  // -M_r0 for r > 0
      Real total = 0, row = 0;
#pragma GCC unroll 32
      for (std::size_t r = 0; r < size; ++r) {
#pragma GCC unroll 32
        for (std::size_t s = 1; s < size; ++s) across[r] += G[form_entry<Dim>(r, s)][o];
        across[r] -= G[form_entry<Dim>(r, 0)][o];
        total += r == 0 ? -across[r] : across[r];
      }
#pragma GCC unroll 32
      for (std::size_t r = 1; r < size; ++r) {
        Real sum = std::abs(across[r]);
#pragma GCC unroll 32
        for (std::size_t s = 1; s < size; ++s) sum += std::abs(G[form_entry<Dim>(r, s)][o]);
        entries[r][o] = G[form_entry<Dim>(r, r)][o];
        sums[r][o] = sum;
        row += std::abs(across[r]);
      }
      entries[0][o] = total;
      sums[0][o] = total + row;
    }
  });
}

/// id = 1 / max(H_KK, 1/2 sum_L |H_KL|) as on the finest level, from the parts of local_sizes.
template <int Dim, class Real>
void inverse_diagonal_of_forms(const BlockGrid& grid, const std::array<const Real*, 3>& g,
                               const std::array<Real*, form_size<Dim>>& entries,
                               const std::array<Real*, form_size<Dim>>& sums, Real* __restrict id) {
  for_each_row(grid, [&](std::ptrdiff_t first) {
    for (std::ptrdiff_t o = first; o < first + grid.n[0]; ++o) {
      Real entry = entries[0][o], sum = sums[0][o];
#pragma GCC unroll 32
      for (std::size_t a = 0; a < Dim; ++a) {
        const std::ptrdiff_t s = grid.stride[a];
        const Real faces = g[a][o] + g[a][o + s];
        entry += entries[2 * a + 2][o - s] + entries[2 * a + 1][o + s] + faces;
        sum += sums[2 * a + 2][o - s] + sums[2 * a + 1][o + s] + 2 * faces;
      }
      id[o] = 1 / std::max(entry, Real(0.5) * sum);
    }
  });
}

}  // namespace otto::multigrid
