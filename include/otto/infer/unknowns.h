#pragma once
// Where the parts of an unknown vector are: V, of the owned cells or as coefficients of splines (tensor_splines.h), then
// what else is the same on every rank, the values w of W at its knots but the last (radial_spline.h), which is 0, the
// coefficients c of drifts without divergence (stream.h), and log kT.

#include <cstddef>
#include <span>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

struct Unknowns {
  std::size_t cells = 0;         ///< of V on this rank; 0 where V is known or by splines
  std::size_t coefficients = 0;  ///< of V by splines, the same on every rank
  std::size_t pairs = 0;         ///< of w
  std::size_t streams = 0;       ///< of c
  bool temperature = false;      ///< log kT is there

  [[nodiscard]] std::size_t block() const { return cells + coefficients; }  ///< of V
  [[nodiscard]] std::size_t size() const { return block() + shared(); }
  [[nodiscard]] std::size_t shared() const { return pairs + streams + (temperature ? 1 : 0); }
  template <class T>
  [[nodiscard]] std::span<T> V(std::span<T> x) const {
    return x.first(block());
  }
  template <class T>
  [[nodiscard]] std::span<T> w(std::span<T> x) const {
    return x.subspan(block(), pairs);
  }
  template <class T>
  [[nodiscard]] std::span<T> c(std::span<T> x) const {
    return x.subspan(block() + pairs, streams);
  }
  /// w, c and log kT.
  template <class T>
  [[nodiscard]] std::span<T> tail(std::span<T> x) const {
    return x.subspan(block());
  }
  /// a.b of V's parts over all ranks. Collective.
  [[nodiscard]] double dot_V(const Comm& comm, std::span<const double> a,
                             std::span<const double> b) const {
    double sum = 0;
    for (std::size_t k = 0; k < cells; ++k) sum += a[k] * b[k];
    sum = comm.sum(sum);
    for (std::size_t i = cells; i < block(); ++i) sum += a[i] * b[i];
    return sum;
  }
  /// a.b over all ranks. Collective.
  [[nodiscard]] double dot(const Comm& comm, std::span<const double> a,
                           std::span<const double> b) const {
    double sum = dot_V(comm, a, b);
    for (std::size_t i = block(); i < size(); ++i) sum += a[i] * b[i];
    return sum;
  }
  /// a.b of all `vectors` a, which may end before b does, by one sum over all ranks. Collective.
  [[nodiscard]] std::vector<double> dots(const Comm& comm,
                                         const std::vector<std::vector<double>>& vectors,
                                         std::span<const double> b) const {
    std::vector<double> sums(vectors.size(), 0.0);
    for (std::size_t j = 0; j < sums.size(); ++j) {
      for (std::size_t k = 0; k < cells; ++k) sums[j] += vectors[j][k] * b[k];
    }
    comm.sum_in_place(sums);
    for (std::size_t j = 0; j < sums.size(); ++j) {
      for (std::size_t i = cells; i < vectors[j].size(); ++i) sums[j] += vectors[j][i] * b[i];
    }
    return sums;
  }
};

}  // namespace otto
