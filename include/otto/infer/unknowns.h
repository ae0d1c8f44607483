#pragma once
// Where the parts of an unknown vector are: V of the owned cells, then what is the same on every rank, the
// values w of W at its knots but the last (radial_spline.h), which is 0, the coefficients c of drifts without divergence (stream.h), and log kT.

#include <span>

#include "otto/core/comm.h"

namespace otto {

struct Unknowns {
  std::size_t cells = 0;     ///< of V on this rank; 0 where V is known
  std::size_t pairs = 0;     ///< of w
  std::size_t streams = 0;   ///< of c
  bool temperature = false;  ///< log kT is there

  [[nodiscard]] std::size_t size() const { return cells + shared(); }
  [[nodiscard]] std::size_t shared() const { return pairs + streams + (temperature ? 1 : 0); }
  template <class T>
  [[nodiscard]] std::span<T> V(std::span<T> x) const {
    return x.first(cells);
  }
  template <class T>
  [[nodiscard]] std::span<T> w(std::span<T> x) const {
    return x.subspan(cells, pairs);
  }
  template <class T>
  [[nodiscard]] std::span<T> c(std::span<T> x) const {
    return x.subspan(cells + pairs, streams);
  }
  /// w, c and log kT.
  template <class T>
  [[nodiscard]] std::span<T> tail(std::span<T> x) const {
    return x.subspan(cells);
  }
  /// a.b over all ranks. Collective.
  [[nodiscard]] double dot(const Comm& comm, std::span<const double> a,
                           std::span<const double> b) const {
    double sum = 0;
    for (std::size_t k = 0; k < cells; ++k) sum += a[k] * b[k];
    sum = comm.sum(sum);
    for (std::size_t i = cells; i < size(); ++i) sum += a[i] * b[i];
    return sum;
  }
};

}  // namespace otto
