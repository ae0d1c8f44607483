#pragma once
// Radial kernels W(r) and what they amount to between two cells of a box.

#include <functional>
#include <vector>

#include "otto/core/point.h"

namespace otto {

/// W(r) = sum of factor r^p / p (factor log r for p = 0), and of functions that are smooth in r^2.
struct Kernel {
  struct Power {
    double factor = 1, exponent = 2;
  };
  std::vector<Power> powers;
  std::function<double(double r)> smooth;  ///< may be empty

  /// W for two cells with sides h whose centres differ by x: W(|x|), or, for powers below r^2, the
  /// average of W(|x + y|) over the cell |y_a| <= h_a/2. Both are of second order in h.
  [[nodiscard]] double between_cells(const Point& x, const Point& h, int dimension) const;
  /// W(r), r > 0 where it is not smooth.
  [[nodiscard]] double at(double r) const;
};

}  // namespace otto
