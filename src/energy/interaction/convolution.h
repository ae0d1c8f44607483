#pragma once
// sum_L w(K - L) rho_L over the equal cells of a box, by a distributed fast Fourier transform.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "otto/mesh/mesh.h"

namespace otto {

class Convolution {
 public:
  /// w at the offset of two cells, in cells along each axis; even in each of them.
  using Weight = std::function<double(const std::array<std::int64_t, 3>& offset)>;
  /// Axes with walls are padded with zeros so that nothing wraps around; on periodic ones the
  /// offset is that of the nearest image. Collective.
  Convolution(const Mesh& mesh, const Weight& w);
  ~Convolution();

  /// Owned values in and out. Collective.
  void apply(std::span<const double> rho, std::span<double> out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
