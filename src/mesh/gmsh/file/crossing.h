#pragma once
// The line between the centres of two cells, seen from the side they share.

#include <cmath>

#include "geometry.h"

namespace otto::gmsh {

/// d = (x_L - x_K) . n and the part of x_L - x_K along the side, both over the side's size.
struct Crossing {
  double distance = 0;  ///< d itself
  double relative = 0;  ///< d / size
  double along = 0;     ///< |x_L - x_K - d n| / size
};

/// Centres closer than this (over the side's size) are one: the cells have one circumcircle.
constexpr double coincident = 1e-7;

/// `area` is the side's area vector out of the first cell.
inline Crossing crossing(const Point& from, const Point& to, const Point& area, int dimension) {
  const double size = norm(area), width = dimension == 2 ? size : std::sqrt(size);
  const Point x = to - from;
  Crossing c;
  c.distance = dot(x, area) / size;
  c.relative = c.distance / width;
  c.along = norm(x - (c.distance / size) * area) / width;
  return c;
}

inline bool one_centre(const Crossing& c) {
  return std::abs(c.relative) <= coincident && c.along <= coincident;
}

}  // namespace otto::gmsh
