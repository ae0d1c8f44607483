#pragma once
// Kernels W, radial ones or networks, and what they amount to between two cells of a box.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "otto/core/point.h"
#include "otto/energy/free_energy.h"

namespace otto {

/// W(r) = sum of factor r^p / p (factor log r for p = 0), of functions that are smooth in r^2, and
/// of factor times a network.
struct Kernel {
  struct Power {
    double factor = 1, exponent = 2;
  };
  std::vector<Power> powers;
  std::function<double(double r)> smooth;     ///< may be empty
  std::shared_ptr<const NetworkUse> network;  ///< or null; such a W need not be radial
  double network_factor = 1;

  /// W for two cells with sides h whose centres differ by x: W(|x|), or, for powers below r^2, the
  /// average of W(|x + y|) over the cell |y_a| <= h_a/2. Both are of second order in h.
  /// Without the network.
  [[nodiscard]] double between_cells(const Point& x, const Point& h, int dimension) const;
  /// Adds network_factor (U(x) + U(-x))/2, U the network, to values[i] at x = points[i]: the odd
  /// part of a kernel has no energy. Throws InputError where U is not finite.
  void add_network(std::span<const Point> points, std::span<double> values) const;
  /// W(r), r > 0 where it is not smooth.
  [[nodiscard]] double at(double r) const;
};

}  // namespace otto
