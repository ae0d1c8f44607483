// The circumcentre c = x_0 + y of corners x_0 ... x_n solves, with e_i = x_i - x_0,
//
//   2 e_i . y = |e_i|^2,     i = 1 ... n,
//
// exactly for simplices, in the sense of least squares for quadrilaterals and hexahedra.

#include "geometry.h"

#include <Eigen/Dense>
#include <cmath>

#include "raw_mesh.h"

namespace otto::gmsh {

namespace {

double area(const Point& a, const Point& b, const Point& c) {
  return 0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

double volume(const Point& a, const Point& b, const Point& c, const Point& d) {
  return dot(b - a, cross(c - a, d - a)) / 6;
}

// Six tetrahedra around the diagonal 0-6.
constexpr int hexahedron_parts[6][4] = {{0, 1, 2, 6}, {0, 2, 3, 6}, {0, 3, 7, 6},
                                        {0, 7, 4, 6}, {0, 4, 5, 6}, {0, 5, 1, 6}};
// Each corner with its neighbours along x, y, z.
constexpr int hexahedron_corners[8][4] = {{0, 1, 3, 4}, {1, 2, 0, 5}, {2, 3, 1, 6}, {3, 0, 2, 7},
                                          {4, 7, 5, 0}, {5, 4, 6, 1}, {6, 5, 7, 2}, {7, 6, 4, 3}};

Point side_corner(const ShapeData& data, const Corners& x, int s, int v) {
  return x[std::size_t(data.side[std::size_t(s)][std::size_t(v)])];
}

}  // namespace

Point cross(const Point& a, const Point& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double norm(const Point& a) { return std::sqrt(dot(a, a)); }

double measure(std::uint8_t shape, const Corners& x) {
  if (shape == triangle) return area(x[0], x[1], x[2]);
  if (shape == quad) return area(x[0], x[1], x[2]) + area(x[0], x[2], x[3]);
  if (shape == tetrahedron) return volume(x[0], x[1], x[2], x[3]);
  double sum = 0;
  for (const auto& p : hexahedron_parts) sum += volume(x[p[0]], x[p[1]], x[p[2]], x[p[3]]);
  return sum;
}

double min_corner(std::uint8_t shape, const Corners& x) {
  double min = INFINITY, max = 0;
  const auto take = [&](double m) {
    min = std::min(min, m);
    max = std::max(max, std::abs(m));
  };
  if (shape == quad) {
    for (std::size_t v = 0; v < 4; ++v) take(area(x[v], x[(v + 1) % 4], x[(v + 3) % 4]));
  } else if (shape == hexahedron) {
    for (const auto& p : hexahedron_corners) take(volume(x[p[0]], x[p[1]], x[p[2]], x[p[3]]));
  } else {  // of a simplex: its measure over that of a good one with the same longest edge
    const int n = shape_data(shape).vertices;
    double longest = 0;
    for (int a = 0; a < n; ++a) {
      for (int b = 0; b < a; ++b)
        longest = std::max(longest, norm(x[std::size_t(a)] - x[std::size_t(b)]));
    }
    take(measure(shape, x));
    max = std::max(max, std::pow(longest, shape_data(shape).dimension) / 12);
  }
  return max > 0 ? min / max : 0;
}

Point middle(std::uint8_t shape, const Corners& x) {
  const int n = shape_data(shape).vertices;
  Point sum{};
  for (int v = 0; v < n; ++v) sum = sum + x[std::size_t(v)];
  return (1.0 / n) * sum;
}

Point circumcentre(std::uint8_t shape, const Corners& x) {
  const int n = shape_data(shape).vertices - 1, d = shape_data(shape).dimension;
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 7, 3> A(n, d);
  Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 7, 1> b(n);
  for (int i = 0; i < n; ++i) {
    const Point e = x[std::size_t(i + 1)] - x[0];
    for (int a = 0; a < d; ++a) A(i, a) = 2 * e[std::size_t(a)];
    b(i) = dot(e, e);
  }
  Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 7, 1> y = A.colPivHouseholderQr().solve(b);
  Point c = x[0];
  for (int a = 0; a < d; ++a) c[std::size_t(a)] += y(a);
  return c;
}

Point plane_circumcentre(const Corners& x) {
  const Point b = x[1] - x[0], c = x[2] - x[0], n = cross(b, c);
  return x[0] + (0.5 / dot(n, n)) * (dot(c, c) * cross(n, b) + dot(b, b) * cross(c, n));
}

Point side_area(std::uint8_t shape, const Corners& x, int s) {
  const ShapeData& data = shape_data(shape);
  const Point a = side_corner(data, x, s, 0), b = side_corner(data, x, s, 1);
  if (data.side_vertices == 2) return {b[1] - a[1], a[0] - b[0], 0};
  const Point c = side_corner(data, x, s, 2);
  if (data.side_vertices == 3) return 0.5 * cross(b - a, c - a);
  return 0.5 * cross(c - a, side_corner(data, x, s, 3) - b);
}

Point side_middle(std::uint8_t shape, const Corners& x, int s) {
  const ShapeData& data = shape_data(shape);
  Point sum{};
  for (int v = 0; v < data.side_vertices; ++v) sum = sum + side_corner(data, x, s, v);
  return (1.0 / data.side_vertices) * sum;
}

double side_warp(std::uint8_t shape, const Corners& x, int s) {
  if (shape != hexahedron) return 0;
  const Point A = side_area(shape, x, s), m = side_middle(shape, x, s);
  const double size = norm(A);
  double warp = 0;
  for (int v = 0; v < 4; ++v) {
    warp = std::max(warp, std::abs(dot(side_corner(shape_data(shape), x, s, v) - m, A)));
  }
  return warp / (size * std::sqrt(size));
}

}  // namespace otto::gmsh
