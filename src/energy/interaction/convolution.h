#pragma once
// sum_L w(K - L) rho_L over the equal cells of a box, by a distributed fast Fourier transform.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "otto/mesh/mesh.h"

namespace otto {

/// From one cell to another, in cells along each axis.
using Offset = std::array<std::int64_t, 3>;

class Convolution {
 public:
  /// w[i] at offsets[i]; even, w(-K) = w(K), up to rounding. Never communicates.
  using Weights = std::function<void(std::span<const Offset> offsets, std::span<double> w)>;
  /// Axes with walls are padded with zeros so that nothing wraps around; on periodic ones the
  /// offset is that of the nearest image, and the average of both where two are equally near.
  /// Collective; what `w` throws is thrown on every rank.
  Convolution(const Mesh& mesh, const Weights& w);
  ~Convolution();

  /// Owned values in and out. Collective.
  void apply(std::span<const double> rho, std::span<double> out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
