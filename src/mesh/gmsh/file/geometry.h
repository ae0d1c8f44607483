#pragma once
// Measures and centres of single cells. Everything is computed from a cell's own corners in their
// own order, so that every rank that holds a cell gets the same numbers to the last bit.

#include <array>
#include <cstdint>
#include <span>

#include "otto/core/point.h"

namespace otto::gmsh {

using Corners = std::array<Point, 8>;

inline Point operator-(const Point& a, const Point& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
inline Point operator+(const Point& a, const Point& b) {
  return {a[0] + b[0], a[1] + b[1], a[2] + b[2]};
}
inline Point operator*(double c, const Point& a) { return {c * a[0], c * a[1], c * a[2]}; }
inline double dot(const Point& a, const Point& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
Point cross(const Point& a, const Point& b);
double norm(const Point& a);

/// The corners of a cell: anything with `shape` and `vertex`.
template <class Cell, class Points>
Corners corners_of(const Cell& cell, const Points& points, int vertices) {
  Corners x{};
  for (int v = 0; v < vertices; ++v) {
    x[std::size_t(v)] = points[std::size_t(cell.vertex[std::size_t(v)])];
  }
  return x;
}

/// Signed measure: positive where the corners run as Gmsh means them to.
double measure(std::uint8_t shape, const Corners& x);
/// The least of the signed corner measures over the largest in size: <= 0 for cells that are turned
/// over, flat, or not convex.
double min_corner(std::uint8_t shape, const Corners& x);
/// The mean of the corners.
Point middle(std::uint8_t shape, const Corners& x);
/// The point with the same distance to all corners; the nearest to such a one (least squares) where
/// there is none.
Point circumcentre(std::uint8_t shape, const Corners& x);
/// The centre of the circle through the first three corners, in their plane.
Point plane_circumcentre(const Corners& x);

/// The outward area vector of side `s` (its length is the area; in 2-D the length of the edge).
Point side_area(std::uint8_t shape, const Corners& x, int s);
/// The mean of the side's corners.
Point side_middle(std::uint8_t shape, const Corners& x, int s);
/// How far the side's corners are from one plane, over the side's size.
double side_warp(std::uint8_t shape, const Corners& x, int s);

}  // namespace otto::gmsh
