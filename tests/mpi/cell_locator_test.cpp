// Which cell of a mesh holds a point: every point of the mesh has one, on one rank, of any kind of cells.

#include "otto/mesh/cell_locator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "mesh_files.h"
#include "otto/core/random.h"

using namespace otto;

namespace {

/// How many owned cells of all ranks have the point.
double owners(const Mesh& mesh, const CellLocator& locator, std::span<const double> x) {
  return mesh.comm.sum(locator.find(x) >= 0 ? 1.0 : 0.0);
}

/// Points of the unit cube fall into cells as often as these are large.
void check_shares(const Mesh& mesh) {
  ASSERT_EQ(CellLocator::refusal(mesh), "");
  const CellLocator locator(mesh);
  constexpr int count = 20000;
  const auto d = std::size_t(mesh.dimension);
  std::vector<double> hits(std::size_t(mesh.owned), 0.0);
  double inside = 0;
  for (int i = 0; i < count; ++i) {
    const auto x = RandomAt(5, 1, std::uint64_t(i)).uniform(),
               y = RandomAt(5, 2, std::uint64_t(i)).uniform();
    const std::array<double, 3> at{x[0], x[1], y[0]};
    const std::int32_t cell = locator.find(std::span(at).first(d));
    if (cell < 0) continue;
    hits[std::size_t(cell)] += 1;
    inside += 1;
  }
  ASSERT_EQ(mesh.comm.sum(inside), count);
  double chi_square = 0;
  for (std::size_t k = 0; k < hits.size(); ++k) {
    const double expected = count * mesh.volume[k];
    chi_square += std::pow(hits[k] - expected, 2) / expected;
  }
  const double degrees = double(mesh.global_cells);
  EXPECT_LT(std::abs(mesh.comm.sum(chi_square) - degrees), 5 * std::sqrt(2 * degrees));
}

TEST(CellLocator, GivesCellsAsManyPointsAsTheirVolumesAsk) {
  check_shares(mesh_of(Comm(), "meshes/acute", 1));
  check_shares(mesh_of(Comm(), "meshes/acute", 1, "bisection", "vertices"));
  check_shares(mesh_of(Comm(), "tests/meshes/split_cubes", 1));
}

TEST(CellLocator, FindsOneCellForPointsOnSidesAndCorners) {
  const Mesh mesh = mesh_of(Comm(), "meshes/acute", 1);
  const CellLocator locator(mesh);
  const Mesh whole = mesh_of(Comm(MPI_COMM_SELF), "meshes/acute", 1);
  const CellShapes& shapes = *whole.shapes;
  for (std::size_t k = 0; k < std::size_t(whole.owned); ++k) {
    for (auto i = std::size_t(shapes.offsets[k]); i + 1 < std::size_t(shapes.offsets[k + 1]); ++i) {
      const Point &a = shapes.points[std::size_t(shapes.connectivity[i])],
                  &b = shapes.points[std::size_t(shapes.connectivity[i + 1])];
      const std::array<double, 2> corner{a[0], a[1]}, middle{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2};
      for (const auto& x : {corner, middle}) {
        const bool on_wall = x[0] * x[1] * (1 - x[0]) * (1 - x[1]) < 1e-12;
        if (on_wall) continue;
        ASSERT_EQ(owners(mesh, locator, x), 1) << x[0] << " " << x[1];
      }
    }
  }
}

TEST(CellLocator, FindsNoCellOutside) {
  const Mesh mesh = mesh_of(Comm(), "meshes/annulus",
                            0);  // of radii 1/2 and 1, and a quarter of the plane or more
  const CellLocator locator(mesh);
  for (const std::array<double, 2> x :
       {std::array{0.1, 0.1}, {3.0, 0.0}, {0.0, -7.0}, {NAN, 0.5}}) {
    EXPECT_EQ(owners(mesh, locator, x), 0);
  }
  EXPECT_EQ(owners(mesh, locator, std::array{0.5, 0.55}), 1);
}

TEST(CellLocator, RefusesWhatItCannotTell) {
  EXPECT_NE(CellLocator::refusal(mesh_of(Comm(), "tests/meshes/cube", 1)), "");  // prisms
  EXPECT_NE(
      CellLocator::refusal(mesh_of(Comm(), "tests/meshes/split_cubes", 0, "bisection", "vertices")),
      "");
}

}  // namespace
