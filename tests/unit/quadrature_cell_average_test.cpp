#include <gtest/gtest.h>

#include <cmath>

#include "otto/core/error.h"
#include "otto/tables/quadrature.h"

namespace otto {
namespace {

Box box_of(int dimension, std::int64_t cells) {
  Box box;
  box.dimension = dimension;
  for (std::size_t a = 0; a < static_cast<std::size_t>(dimension); ++a) {
    const double shift = 0.3 * static_cast<double>(a);
    box.nodes[a] = graded_nodes(-1.0 + shift, 2.0 - shift, cells + static_cast<std::int64_t>(a), 3);
  }
  return box;
}

PointFunction power_product(std::array<int, 3> power) {
  return [power](std::span<const Point> x, std::span<double> values) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      values[i] =
          std::pow(x[i][0], power[0]) * std::pow(x[i][1], power[1]) * std::pow(x[i][2], power[2]);
    }
  };
}

/// Mean of x^p over [a, b].
double mean_power(double a, double b, int p) {
  return (std::pow(b, p + 1) - std::pow(a, p + 1)) / (p + 1) / (b - a);
}

/// Largest error over the cells of a box, relative to the largest exact average.
double error_on_box(int dimension, std::array<int, 3> power) {
  const Mesh mesh = make_box_mesh(Comm(MPI_COMM_SELF), box_of(dimension, 4));
  const std::vector<double> averages = cell_averages(mesh, power_product(power));
  EXPECT_EQ(averages.size(), static_cast<std::size_t>(mesh.owned));
  double error = 0, scale = 0;
  for (std::size_t c = 0; c < averages.size(); ++c) {
    double exact = 1;
    std::int64_t rest = mesh.global[c];
    for (int a = 0; a < dimension; ++a) {
      const auto& nodes = mesh.box->box.nodes[static_cast<std::size_t>(a)];
      const auto i = static_cast<std::size_t>(rest % mesh.box->cells(a));
      rest /= mesh.box->cells(a);
      exact *= mean_power(nodes[i], nodes[i + 1], power[static_cast<std::size_t>(a)]);
    }
    error = std::max(error, std::abs(averages[c] - exact));
    scale = std::max(scale, std::abs(exact));
  }
  return error / scale;
}

TEST(Quadrature, IsExactToDegreeNineInOneAndTwoDimensions) {
  for (int p = 0; p <= 9; ++p) {
    EXPECT_LT(error_on_box(1, {p, 0, 0}), 1e-14) << p;
    EXPECT_LT(error_on_box(2, {p, 9 - p, 0}), 1e-14) << p;
    EXPECT_LT(error_on_box(2, {p, 9, 0}), 1e-14) << p;
  }
  EXPECT_GT(error_on_box(1, {10, 0, 0}), 1e-9);
}

TEST(Quadrature, IsExactToDegreeFiveInThreeDimensions) {
  for (int p = 0; p <= 5; ++p) EXPECT_LT(error_on_box(3, {p, 5 - p, 5}), 1e-14) << p;
  EXPECT_GT(error_on_box(3, {6, 0, 0}), 1e-7);
}

TEST(Quadrature, WeightsSumToOneAndOtherRulesAreRefused) {
  for (const int n : {3, 5}) {
    double sum = 0;
    for (const double w : gauss_legendre(n).weight) sum += w;
    EXPECT_NEAR(sum, 1, 1e-15);
  }
  EXPECT_THROW((void)gauss_legendre(4), InternalError);
}

CellShapes one_cell(std::uint8_t type, std::vector<Point> points) {
  CellShapes shapes;
  shapes.points = std::move(points);
  for (std::size_t i = 0; i < shapes.points.size(); ++i) {
    shapes.connectivity.push_back(static_cast<std::int64_t>(i));
  }
  shapes.offsets = {0, static_cast<std::int64_t>(shapes.points.size())};
  shapes.types = {type};
  return shapes;
}

double average(const CellShapes& shapes, int dimension, std::array<int, 3> power) {
  return shape_averages(shapes, dimension, power_product(power))[0];
}

// int over the unit simplex of x^p y^q z^r = p! q! r! / (p + q + r + d)!.
TEST(Quadrature, IsExactOnSimplices) {
  const CellShapes triangle = one_cell(5, {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}});
  EXPECT_NEAR(average(triangle, 2, {3, 4, 0}) / (2 * 6.0 * 24 / 362880), 1, 1e-13);
  EXPECT_NEAR(average(triangle, 2, {0, 8, 0}) / (2 * 40320.0 / 3628800), 1, 1e-13);
  const CellShapes tetra = one_cell(10, {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  EXPECT_NEAR(average(tetra, 3, {1, 1, 1}) / (6.0 / 720), 1, 1e-13);
  EXPECT_NEAR(average(tetra, 3, {0, 2, 1}) / (6 * 2.0 / 720), 1, 1e-13);
  const CellShapes line = one_cell(3, {{1, 0, 0}, {3, 0, 0}});
  EXPECT_NEAR(average(line, 1, {9, 0, 0}) / mean_power(1, 3, 9), 1, 1e-14);
}

TEST(Quadrature, ShapesAndBoxesAgree) {
  const CellShapes quad = one_cell(9, {{1, 2, 0}, {3, 2, 0}, {3, 5, 0}, {1, 5, 0}});
  EXPECT_NEAR(average(quad, 2, {3, 2, 0}) / (mean_power(1, 3, 3) * mean_power(2, 5, 2)), 1, 1e-13);
  const CellShapes hexahedron = one_cell(
      12, {{0, 0, 0}, {1, 0, 0}, {1, 2, 0}, {0, 2, 0}, {0, 0, 3}, {1, 0, 3}, {1, 2, 3}, {0, 2, 3}});
  EXPECT_NEAR(average(hexahedron, 3, {1, 1, 1}) / (0.5 * 1.0 * 1.5), 1, 1e-13);
  EXPECT_NEAR(average(hexahedron, 3, {0, 0, 3}) / mean_power(0, 3, 3), 1, 1e-13);
  EXPECT_THROW((void)average(one_cell(13, hexahedron.points), 3, {0, 0, 0}), InternalError);
}

// A regular hexagon about the origin: mean of x^2 + y^2 is 5/12 of the squared side.
TEST(Quadrature, HandlesConvexPolygons) {
  std::vector<Point> corners;
  for (int k = 0; k < 6; ++k)
    corners.push_back({std::cos(k * M_PI / 3), std::sin(k * M_PI / 3), 0});
  const CellShapes hexagon = one_cell(7, corners);
  EXPECT_NEAR(average(hexagon, 2, {2, 0, 0}) + average(hexagon, 2, {0, 2, 0}), 5.0 / 12, 1e-14);
}

}  // namespace
}  // namespace otto
