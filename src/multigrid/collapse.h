#pragma once
// P^T A P for stencils (stencil.h), P the linear interpolation along one axis (axis_weights.h), for
// all entries of the same offset r across it. With I counted in aggregates along the axis and D from
// aggregate to aggregate, first B = A P,
//
//   B_K(E) = sum_d A(K, K + (d, r)) p(K + d, I + E),    K = 2 I (even) or 2 I + 1 (odd),
//
// then C(I, I + D) = sum over the four K that take from I of p(K, I) B_K(.),
//
//   C = C_own + C_beside,   K = 2 I and 2 I + 1,   K = 2 I - 1 and 2 I + 2.
//
// Each block does so for its own rows K; what belongs to C_beside of other blocks is added there
// afterwards. Sums of two terms do not depend on their order, so that C is the same for every
// partition, to the last bit.

#include <algorithm>
#include <utility>

#include "axis_weights.h"
#include "stencil.h"

namespace otto::multigrid {

template <class Real>
using GroupRows = std::array<const Real*, std::size_t(width)>;  ///< A(K, K + (d, r)), d from -2 on

/// B for one aggregate (rows of cells) or one row of aggregates: E from -2 for even, from -1 for odd.
template <class Real>
struct HalfProduct {
  static constexpr std::ptrdiff_t pad = 4;
  std::array<std::vector<Real>, 8> rows;

  void resize(std::int32_t n) {
    for (auto& r : rows) r.assign(std::size_t(n + 2 * pad), Real(0));
  }
  void clear() {
    for (auto& r : rows) std::ranges::fill(r, Real(0));
  }
  /// P: parity of K.
  template <int P, int E>
  [[nodiscard]] Real* row() {
    return rows[std::size_t(4 * P + E + 2 - P)].data() + pad;
  }
  template <int P, int E>
  static constexpr bool has = E >= P - 2 && E <= P + 1;
};

template <int P, int E, int D, class Real, class Weights>
[[gnu::always_inline]] inline void add_term(const Real* a, const Weights& w, std::ptrdiff_t i,
                                            Real& sum) {
  constexpr Parents to = parents(P + D);
  if constexpr (to.own == E) sum += a[i] * w.template own<to.parity, to.own>(i);
  if constexpr (to.other == E) sum += a[i] * w.template other<to.parity, to.own>(i);
}

/// B_K(E) of the rows K of parity P.
template <int P, int E, class Real, class Weights>
void half_product(const GroupRows<Real>& a, const Weights& w, std::int32_t n,
                  Real* __restrict out) {
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    Real sum = 0;
    add_term<P, E, -2>(a[0], w, i, sum);
    add_term<P, E, -1>(a[1], w, i, sum);
    add_term<P, E, 0>(a[2], w, i, sum);
    add_term<P, E, 1>(a[3], w, i, sum);
    add_term<P, E, 2>(a[4], w, i, sum);
    out[i] = sum;
  }
}

/// All that C(D) with D >= first needs.
template <int P, class Real, class Weights>
void half_products(const GroupRows<Real>& a, const Weights& w, std::int32_t n, int first,
                   HalfProduct<Real>& B) {
  [&]<int... K>(std::integer_sequence<int, K...>) {
    ((K + P - 2 >= first - 1 ? half_product<P, K + P - 2>(a, w, n, B.template row<P, K + P - 2>())
                             : void()),
     ...);
  }
  (std::make_integer_sequence<int, 4>());
}

/// C(I, I + D) for lanes from `begin` to `end`, of the products B of the aggregates I - 1, I, I + 1,
/// which lie `shift` lanes apart; where `beside` is given, its part apart.
template <int D, class Real, class Weights>
void collect_product(const std::array<HalfProduct<Real>*, 3>& B, std::ptrdiff_t shift,
                     const Weights& w, std::ptrdiff_t begin, std::ptrdiff_t end,
                     Real* __restrict out, Real* __restrict beside) {
  using Half = HalfProduct<Real>;
  const Real *even = nullptr, *odd = nullptr, *below = nullptr, *above = nullptr;
  if constexpr (Half::template has<0, D>) even = B[1]->template row<0, D>();
  if constexpr (Half::template has<1, D>) odd = B[1]->template row<1, D>();
  if constexpr (Half::template has<1, D + 1>) below = B[0]->template row<1, D + 1>() - shift;
  if constexpr (Half::template has<0, D - 1>) above = B[2]->template row<0, D - 1>() + shift;
  const auto own_part = [&](std::ptrdiff_t i) {
    Real sum = 0;
    if constexpr (Half::template has<0, D>) sum += w.template own<0, 0>(i) * even[i];
    if constexpr (Half::template has<1, D>) sum += w.template own<1, 0>(i) * odd[i];
    return sum;
  };
  const auto other_part = [&](std::ptrdiff_t i) {
    Real sum = 0;
    if constexpr (Half::template has<1, D + 1>) sum += w.template other<1, -1>(i) * below[i];
    if constexpr (Half::template has<0, D - 1>) sum += w.template other<0, 1>(i) * above[i];
    return sum;
  };
  if (beside) {
#pragma omp simd
    for (std::ptrdiff_t i = begin; i < end; ++i) {
      out[i] = own_part(i);
      beside[i] = other_part(i);
    }
  } else {
#pragma omp simd
    for (std::ptrdiff_t i = begin; i < end; ++i) out[i] = own_part(i) + other_part(i);
  }
}

/// The first D of the group of r for which (D, r) has a code >= 0; more than 2 if there is none.
inline int first_along(std::size_t a, const Offset& r) {
  Offset low{}, high{};
  for (std::size_t b = 0; b < 3; ++b) (b < a ? low : high)[b] = b == a ? 0 : r[b];
  if (code_of(high) != 0) return code_of(high) > 0 ? -reach : reach + 1;
  return code_of(low) >= 0 ? 0 : 1;
}

/// visit.operator()<D>() for first <= D <= 2.
template <class Visit>
void for_each_along(int first, Visit&& visit) {
  [&]<int... K>(std::integer_sequence<int, K...>) {
    ((K - reach >= first ? visit.template operator()<K - reach>() : void()), ...);
  }
  (std::make_integer_sequence<int, width>());
}

/// The rows of a stencil as a source of collapse_rows().
template <class Real>
class StoredRows {
 public:
  explicit StoredRows(const Stencil<Real>& A) : A_(A), zeros_(std::size_t(A.grid.n[0]), Real(0)) {}

  bool operator()(int j, int k, Offset r, GroupRows<Real>& rows) const {
    bool any = false;
    for (int d = -reach; d <= reach; ++d) {
      r[0] = d;
      const Real* view = A_.view(r);
      any = any || view;
      rows[std::size_t(d + reach)] = view ? view + A_.grid.index(0, j, k) : zeros_.data();
    }
    return any;
  }

 private:
  const Stencil<Real>& A_;
  std::vector<Real> zeros_;
};

/// C along x, from the rows that source(j, k, r, rows) points to (at i = 0; false: all are 0). With
/// a factor of 1 they are copied. `beside`: C_beside, of the same entries as `to`; empty: added.
template <class Real, class Source>
void collapse_rows(const BlockGrid& from, int factor, const AxisWeights<Real>& weights,
                   Source&& source, Stencil<Real>& to, Stencil<Real>& beside) {
  const std::int32_t nx = from.n[0], n = to.grid.n[0];
  HalfProduct<Real> B;
  B.resize(n);
  std::array<std::array<std::vector<Real>, std::size_t(width)>, 2> split;
  for (auto& rows : split) {
    for (auto& row : rows) row.assign(std::size_t(n), Real(0));
  }
  const LaneWeights<Real> w(weights);
  for_each_row_at(from, [&](std::ptrdiff_t, int j, int k) {
    const std::ptrdiff_t target = to.grid.index(0, j, k);
    for_each_offset(from.dim, 0, [&](const Offset& r) {
      const int first = first_along(0, r);
      GroupRows<Real> a{};
      if (first > reach || !source(j, k, r, a)) return;
      if (factor == 1) {
        for (int D = first; D <= reach; ++D) {
          const int c = code_of(r) + D;
          if (to.has(c)) std::copy_n(a[std::size_t(D + reach)], nx, to.entry(c) + target);
        }
        return;
      }
      std::array<GroupRows<Real>, 2> half;
      for (std::size_t d = 0; d < a.size(); ++d) {
        Real *even = split[0][d].data(), *odd = split[1][d].data();
        const Real* row = a[d];
        for (std::int32_t i = 0; i < nx / 2; ++i) {
          even[i] = row[2 * i];
          odd[i] = row[2 * i + 1];
        }
        if (nx % 2 == 1) even[n - 1] = row[nx - 1];
        half[0][d] = even;
        half[1][d] = odd;
      }
      half_products<0>(half[0], w, n, first, B);
      half_products<1>(half[1], w, n, first, B);
      for_each_along(first, [&]<int D>() {
        const int c = code_of(r) + D;
        if (to.has(c)) {
          collect_product<D>(std::array{&B, &B, &B}, 1, w, -1, n + 1, to.entry(c) + target,
                             beside.empty() ? nullptr : beside.entry(c) + target);
        }
      });
    });
  });
}

/// C along axis a > 0; `beside` likewise.
template <class Real>
void collapse_axis(const Stencil<Real>& from, std::size_t a, const AxisWeights<Real>& weights,
                   Stencil<Real>& to, Stencil<Real>& beside) {
  const BlockGrid& grid = from.grid;
  const std::int32_t nx = grid.n[0];
  const std::vector<Real> zeros(std::size_t(nx), Real(0));
  std::array<HalfProduct<Real>, 4> ring;  // the last one stays 0
  for (auto& B : ring) B.resize(nx);
  const std::ptrdiff_t step = grid.stride[a];
  for_each_offset(grid.dim, int(a), [&](Offset r) {
    const int first = first_along(a, r);
    GroupRows<Real> view{};
    bool any = false;
    for (int d = -reach; d <= reach; ++d) {
      r[a] = d;
      view[std::size_t(d + reach)] = from.view(r);
      any = any || view[std::size_t(d + reach)];
    }
    r[a] = 0;
    if (first > reach || !any) return;
    const std::size_t across = a == 1 ? 2 : 1;
    for (std::int32_t q = 0; q < grid.n[across]; ++q) {
      const auto row_at = [&](const BlockGrid& of, std::int32_t p) {
        return a == 1 ? of.index(0, p, q) : of.index(0, q, p);
      };
      const auto product = [&](std::int32_t I) {
        HalfProduct<Real>& B = ring[std::size_t(I % 3)];
        const RowWeights<Real> w(weights, I);
        const auto rows = [&](std::ptrdiff_t o) {
          GroupRows<Real> at{};
          for (std::size_t d = 0; d < at.size(); ++d) at[d] = view[d] ? view[d] + o : zeros.data();
          return at;
        };
        const std::ptrdiff_t o = row_at(grid, 2 * I);
        half_products<0>(rows(o), w, nx, first, B);
        if (2 * I + 1 < grid.n[a]) return half_products<1>(rows(o + step), w, nx, first, B);
        for (std::size_t e = 4; e < B.rows.size(); ++e) std::ranges::fill(B.rows[e], Real(0));
      };
      const std::int32_t n = to.grid.n[a];
      const auto slot = [&](std::int32_t I) {
        return &ring[I < 0 || I >= n ? 3 : std::size_t(I % 3)];
      };
      for (std::int32_t I = -1; I <= n; ++I) {
        if (I + 1 < n) product(I + 1);
        const RowWeights<Real> w(weights, I);
        for_each_along(first, [&]<int D>() {
          Offset to_offset = r;
          to_offset[a] = D;
          const int c = code_of(to_offset);
          if (!to.has(c)) return;
          collect_product<D>(std::array{slot(I - 1), slot(I), slot(I + 1)}, 0, w, 0, nx,
                             to.entry(c) + row_at(to.grid, I),
                             beside.empty() ? nullptr : beside.entry(c) + row_at(to.grid, I));
        });
      }
    }
  });
}

/// C_own + C_beside, from where neighbours' parts are in.
template <class Real>
void add_beside(Stencil<Real>& beside, Stencil<Real>& to) {
  const auto arrays = to.arrays(), more = beside.arrays();
  for (std::size_t c = 0; c < arrays.size(); ++c) {
    Real* __restrict out = arrays[c];
    const Real* __restrict in = more[c];
    for (std::size_t o = 0; o < to.grid.size; ++o) out[o] += in[o];
  }
}

/// Allocates what a pass along axis a makes of the entries there are.
template <class Real>
void allocate_collapsed(const Stencil<Real>& from, std::size_t a, Stencil<Real>& to) {
  for_each_offset(from.grid.dim, int(a), [&](Offset r) {
    int far = -1;
    for (int d = -reach; d <= reach; ++d) {
      r[a] = d;
      if (from.has(std::abs(code_of(r)))) far = std::max(far, std::abs(d));
    }
    for (int D = -reach; far >= 0 && D <= reach; ++D) {
      r[a] = D;
      if (code_of(r) >= 0 && std::abs(D) <= (far == 0 ? 1 : reach)) to.allocate(code_of(r));
    }
  });
}

}  // namespace otto::multigrid
