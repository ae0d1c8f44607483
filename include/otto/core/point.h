#pragma once
// Points of one, two or three dimensions, in one type.

#include <array>

namespace otto {

/// A point of R^d, d <= 3; coordinates beyond the dimension are 0.
using Point = std::array<double, 3>;

}  // namespace otto
