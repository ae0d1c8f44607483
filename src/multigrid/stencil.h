#pragma once
// Symmetric matrices on a block whose rows reach two cells along every axis, as Galerkin products
// of J^T Omega J + L_g with linear interpolation do on every level. The entries A(K, K + d) are kept
// for one of d and -d: with the code
//
//   c(d) = d_x + 5 d_y + 25 d_z,   -2 <= d <= 2,
//
// for those with c >= 0, in an array each, with a halo of two cells.

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "passes.h"

namespace otto::multigrid {

using Offset = std::array<int, 3>;
inline constexpr int reach = 2, width = 2 * reach + 1;

constexpr int code_of(const Offset& d) { return d[0] + width * (d[1] + width * d[2]); }
/// Codes c >= 0 in `dim` dimensions.
constexpr int stored_codes(int dim) {
  int all = 1;
  for (int a = 0; a < dim; ++a) all *= width;
  return (all + 1) / 2;
}
/// visit(d) for all offsets in `dim` dimensions along axis `without` that are 0.
template <class Visit>
void for_each_offset(int dim, int without, Visit&& visit) {
  const auto far = [&](int a) { return a < dim && a != without ? reach : 0; };
  for (int z = -far(2); z <= far(2); ++z) {
    for (int y = -far(1); y <= far(1); ++y) {
      for (int x = -far(0); x <= far(0); ++x) visit(Offset{x, y, z});
    }
  }
}

/// A block's grid with the halo of a stencil.
inline BlockGrid stencil_grid(const BlockGrid& grid) { return {grid.dim, grid.n, reach}; }

template <class Real>
class Stencil {
 public:
  Stencil() = default;
  explicit Stencil(const BlockGrid& with_halo) : grid(with_halo) {
    entries_.resize(std::size_t(stored_codes(grid.dim)));
  }

  BlockGrid grid;

  /// Keeps an array for the entries of code c >= 0, 0 at first.
  void allocate(int c) { entries_[std::size_t(c)].assign(grid.size, Real(0)); }
  [[nodiscard]] bool has(int c) const { return !entries_[std::size_t(c)].empty(); }
  [[nodiscard]] Real* entry(int c) { return entries_[std::size_t(c)].data(); }
  [[nodiscard]] const Real* entry(int c) const { return entries_[std::size_t(c)].data(); }
  /// A(K, K + d) at the index of K; null where there is none.
  [[nodiscard]] const Real* view(const Offset& d) const {
    const int c = code_of(d);
    if (!has(std::abs(c))) return nullptr;
    return c >= 0 ? entry(c) : entry(-c) + offset(d);
  }
  [[nodiscard]] std::ptrdiff_t offset(const Offset& d) const {
    return d[0] * grid.stride[0] + d[1] * grid.stride[1] + d[2] * grid.stride[2];
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// The arrays there are.
  [[nodiscard]] std::vector<Real*> arrays() {
    std::vector<Real*> all;
    for (auto& e : entries_) {
      if (!e.empty()) all.push_back(e.data());
    }
    return all;
  }

 private:
  std::vector<std::vector<Real>> entries_;
};

/// sum[i] += (A(K, K + d) f(K + d) + A(K - d, K) f(K - d)), or of |A| where `Sizes` and f = 1, over
/// the d = (dx, r) with `first` <= dx <= 2, for a row of n cells from o.
template <int First, bool Sizes, class Real>
void add_group(const Stencil<Real>& A, Offset r, std::ptrdiff_t o, std::int32_t n, const Real* x,
               Real* __restrict sum) {
  constexpr int count = reach - First + 1;
  std::array<const Real*, std::size_t(count)> a;
  r[0] = First;
  const std::ptrdiff_t s = A.offset(r);
  for (int k = 0; k < count; ++k) a[std::size_t(k)] = A.entry(code_of(r) + k) + o;
  const Real* at = x + o;
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    Real total = 0;
#pragma GCC unroll 8
    for (int k = 0; k < count; ++k) {
      const Real *e = a[std::size_t(k)], up = e[i], down = e[i - s - k];
      total += Sizes ? std::abs(up) + std::abs(down) : up * at[i + s + k] + down * at[i - s - k];
    }
    sum[i] += total;
  }
}

/// use(K, (A x)_K), or the sums of the sizes of each row where `Sizes`, for every cell of a layer.
/// Every array of A must be there. `sum`: room for a row.
template <bool Sizes, class Real, class Use>
void stencil_rows(const Stencil<Real>& A, std::int32_t layer, const Real* x, Real* __restrict sum,
                  Use&& use) {
  const BlockGrid& grid = A.grid;
  const std::int32_t n = grid.n[0];
  for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) {
    const Real *diagonal = A.entry(0) + o, *own = x + o;
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      sum[i] = Sizes ? std::abs(diagonal[i]) : diagonal[i] * own[i];
    }
    add_group<1, Sizes>(A, {}, o, n, x, sum);
    for_each_offset(grid.dim, 0, [&](const Offset& r) {
      if (code_of(r) > 0) add_group<-reach, Sizes>(A, r, o, n, x, sum);
    });
#pragma omp simd
    for (std::ptrdiff_t i = 0; i < n; ++i) use(o + i, sum[i]);
  });
}

}  // namespace otto::multigrid
