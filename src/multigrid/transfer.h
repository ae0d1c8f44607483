#pragma once
// Linear interpolation between two levels of a block and its transpose, axis by axis
// (axis_weights.h).

#include <algorithm>
#include <array>
#include <vector>

#include "axis_weights.h"
#include "stencil.h"

namespace otto::multigrid {

template <class Real>
class Transfer {
 public:
  Transfer() = default;
  /// `fine` and `coarse`: grids of the arrays. Collective.
  Transfer(const Operator& level, const std::array<int, 3>& factor, const BlockGrid& fine,
           const BlockGrid& coarse)
      : fine_(fine), coarse_(coarse), factor_(factor) {
    for (std::size_t a = 0; a < std::size_t(fine.dim); ++a) {
      if (factor[a] == 2) weights[a] = AxisWeights<Real>(level, a);
    }
    row_.assign(std::size_t(coarse.n[0] + 2 * AxisWeights<Real>::pad), Real(0));
    even_ = odd_ = row_;
  }

  std::array<AxisWeights<Real>, 3> weights;

  /// out = P^T x on this block's aggregates, from the x of this block and of the halo of one cell,
  /// corners included: every aggregate adds up its rows in the same order for every partition.
  void restrict_to(const Real* x, std::vector<Real>& out) {
    std::ranges::fill(out, Real(0));
    const auto halo = [&](std::size_t a) { return factor_[a] == 2 ? 1 : 0; };
    for (int k = -halo(2); k < fine_.n[2] + halo(2); ++k) {
      for (int j = -halo(1); j < fine_.n[1] + halo(1); ++j) {
        const Real* sums = restrict_row(x + fine_.index(0, j, k));
        for_each_parent(j, k, [&](int J, int K, Real w) {
          if (J < 0 || J >= coarse_.n[1] || K < 0 || K >= coarse_.n[2]) return;
          Real* to = out.data() + coarse_.index(0, J, K);
#pragma omp simd
          for (std::int32_t i = 0; i < coarse_.n[0]; ++i) to[i] += w * sums[i];
        });
      }
    }
  }

  /// x += P from, whose halo is filled.
  void prolong_add(const Real* from, Real* x) {
    Real* sums = row_.data() + pad;
    for_each_row_at(fine_, [&](std::ptrdiff_t o, int j, int k) {
      std::ranges::fill(row_, Real(0));
      for_each_parent(j, k, [&](int J, int K, Real w) {
        const Real* in = from + coarse_.index(0, J, K);
#pragma omp simd
        for (std::int32_t i = -1; i <= coarse_.n[0]; ++i) sums[i] += w * in[i];
      });
      prolong_row(sums, x + o);
    });
  }

 private:
  static constexpr std::ptrdiff_t pad = AxisWeights<Real>::pad;

  /// visit(J, K, weight) for the coarse rows that row (j, k) takes from.
  template <class Visit>
  void for_each_parent(int j, int k, Visit&& visit) const {
    const auto along = [&](std::size_t a, int at) {
      std::array<std::pair<int, Real>, 2> of{{{at, Real(1)}, {at, Real(0)}}};
      if (factor_[a] != 2) return of;
      const Parents to = parents(at);
      of[0] = {to.own, weights[a].own_row(to.parity)[to.own]};
      of[1] = {to.other, weights[a].other_row(to.parity)[to.own]};
      return of;
    };
    for (const auto& [K, wz] : along(2, k)) {
      for (const auto& [J, wy] : along(1, j)) {
        if (wy * wz != 0) visit(J, K, wy * wz);
      }
    }
  }

  const Real* restrict_row(const Real* x) {
    const std::int32_t nx = fine_.n[0], n = coarse_.n[0];
    Real* sums = row_.data() + pad;
    if (factor_[0] != 2) {
      std::copy_n(x, nx, sums);
      return sums;
    }
    Real *even = even_.data() + pad, *odd = odd_.data() + pad;
    for (std::int32_t i = 0; i < nx / 2; ++i) {
      even[i] = x[2 * i];
      odd[i] = x[2 * i + 1];
    }
    odd[-1] = x[-1];
    if (nx % 2 == 1) {  // the end of the axis
      even[n - 1] = x[nx - 1];
      odd[n - 1] = x[nx];
    } else {
      even[n] = x[nx];
    }
    const LaneWeights<Real> w(weights[0]);
#pragma omp simd
    for (std::int32_t i = 0; i < n; ++i) {
      sums[i] = w.template own<0, 0>(i) * even[i] + w.template own<1, 0>(i) * odd[i] +
                w.template other<1, -1>(i) * odd[i - 1] + w.template other<0, 1>(i) * even[i + 1];
    }
    return sums;
  }

  void prolong_row(const Real* sums, Real* x) {
    const std::int32_t nx = fine_.n[0];
    if (factor_[0] != 2) {
      for (std::int32_t i = 0; i < nx; ++i) x[i] += sums[i];
      return;
    }
    const LaneWeights<Real> w(weights[0]);
    for (std::int32_t i = 0; i < nx / 2; ++i) {
      x[2 * i] += w.template own<0, 0>(i) * sums[i] + w.template other<0, 0>(i) * sums[i - 1];
      x[2 * i + 1] += w.template own<1, 0>(i) * sums[i] + w.template other<1, 0>(i) * sums[i + 1];
    }
    if (nx % 2 == 1) {
      const std::int32_t i = nx / 2;
      x[nx - 1] += w.template own<0, 0>(i) * sums[i] + w.template other<0, 0>(i) * sums[i - 1];
    }
  }

  BlockGrid fine_, coarse_;
  std::array<int, 3> factor_{1, 1, 1};
  std::vector<Real> row_, even_, odd_;  ///< rows of the coarse level with lanes beyond its ends
};

}  // namespace otto::multigrid
