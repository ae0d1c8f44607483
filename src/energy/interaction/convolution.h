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

  /// Other weights; plans of the transforms stay. Collective.
  void set(const Weights& w);

  /// Owned values in and out. Collective.
  void apply(std::span<const double> rho, std::span<double> out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// C(z) = sum_K a_K b_(K - z) at the offsets z between cells, of a sum of pairs of fields, so that
/// sum_K a_K (w * b)_K = sum_z w(z) C(z); on the axes and with the images of a Convolution.
class Correlation {
 public:
  /// Of equal cells of a box. Collective.
  explicit Correlation(const Mesh& mesh);
  ~Correlation();

  /// Owned values. Collective.
  void add(std::span<const double> a, std::span<const double> b);
  /// C = 0 again; plans of the transforms stay.
  void clear();
  /// The C(z) this rank has, each on one rank; an offset may come in parts. Collective.
  using Visit = std::function<void(const Offset& z, double C)>;
  void visit(const Visit& visit);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
