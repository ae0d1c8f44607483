#pragma once
// Linear interpolation along one axis whose cells are joined in pairs: the fine cells 2 I and 2 I + 1
// take 3/4 from their own aggregate I and 1/4 from the other one they lie next to, I - 1 or I + 1. A
// cell beside a wall, and one left alone at an odd end, takes all from its own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "otto/multigrid/coarsen.h"

namespace otto::multigrid {

/// Weights of the cells 2 I + p of one axis of a block, by p and I from -pad on.
template <class Real>
struct AxisWeights {
  static constexpr std::ptrdiff_t pad = 4;
  std::array<std::vector<Real>, 2> own, other;
  std::int32_t fine = 0, coarse = 0;  ///< cells

  AxisWeights() = default;
  /// Collective.
  AxisWeights(const Operator& level, std::size_t a)
      : fine(level.grid.n[a]), coarse((fine + 1) / 2) {
    const bool periodic = level.comm.any(level.begin[a] == 0 && level.neighbour[a][0] >= 0);
    for (std::size_t p = 0; p < 2; ++p) {
      for (std::ptrdiff_t I = -pad; I < coarse + pad; ++I) {
        const Real w = share(level.begin[a] + 2 * I + std::int64_t(p), level.global[a], periodic);
        own[p].push_back(w);
        other[p].push_back(1 - w);
      }
    }
  }
  [[nodiscard]] const Real* own_row(int p) const { return own[std::size_t(p)].data() + pad; }
  [[nodiscard]] const Real* other_row(int p) const { return other[std::size_t(p)].data() + pad; }

 private:
  /// What cell `at` of n takes from I. Where an axis of odd length closes upon itself, the cells
  /// beyond its end are numbered on as if they were paired the other way; for cell n + 1 not to need
  /// a third aggregate, cell 1 takes all from its own.
  static Real share(std::int64_t at, std::int64_t n, bool periodic) {
    constexpr Real all = 1, larger = Real(0.75), smaller = Real(0.25);
    if (!periodic) return at <= 0 || at >= n - 1 ? all : larger;
    if (n % 2 == 0) return larger;
    if (at == n || at == -2) return smaller;
    return at == n - 1 || at == n + 1 || at == 1 || at == -1 ? all : larger;
  }
};

/// The aggregate of cell p + d is `own`, the other one it takes from `other`, for 2 I + p in I = 0.
struct Parents {
  int own, other, parity;
};
constexpr Parents parents(int cell) {
  const int parity = ((cell % 2) + 2) % 2, own = (cell - parity) / 2;
  return {own, parity == 0 ? own - 1 : own + 1, parity};
}

/// Weights that are the same for a whole row.
template <class Real>
struct RowWeights {
  std::array<std::array<Real, 5>, 2> own_of, other_of;  ///< by parity and I - here + 2
  RowWeights(const AxisWeights<Real>& w, std::ptrdiff_t here) {
    for (int p = 0; p < 2; ++p) {
      for (std::ptrdiff_t q = 0; q < 5; ++q) {
        own_of[std::size_t(p)][std::size_t(q)] = w.own_row(p)[here + q - 2];
        other_of[std::size_t(p)][std::size_t(q)] = w.other_row(p)[here + q - 2];
      }
    }
  }
  template <int P, int Q>
  [[gnu::always_inline]] Real own(std::ptrdiff_t) const {
    return own_of[std::size_t(P)][std::size_t(Q + 2)];
  }
  template <int P, int Q>
  [[gnu::always_inline]] Real other(std::ptrdiff_t) const {
    return other_of[std::size_t(P)][std::size_t(Q + 2)];
  }
};

/// Weights along the row.
template <class Real>
struct LaneWeights {
  std::array<const Real*, 2> own_of, other_of;
  explicit LaneWeights(const AxisWeights<Real>& w)
      : own_of{w.own_row(0), w.own_row(1)}, other_of{w.other_row(0), w.other_row(1)} {}
  template <int P, int Q>
  [[gnu::always_inline]] Real own(std::ptrdiff_t i) const {
    return own_of[std::size_t(P)][i + Q];
  }
  template <int P, int Q>
  [[gnu::always_inline]] Real other(std::ptrdiff_t i) const {
    return other_of[std::size_t(P)][i + Q];
  }
};

}  // namespace otto::multigrid
