// The topology of boxes: what must hold on any number of ranks.

#include <gtest/gtest.h>

#include <cmath>

#include "otto/mesh/mesh.h"

namespace otto {
namespace {

Box make_box(std::vector<std::int64_t> cells, std::vector<double> ratio,
             std::vector<bool> periodic) {
  Box box;
  box.dimension = int(cells.size());
  for (std::size_t a = 0; a < cells.size(); ++a) {
    box.nodes[a] = graded_nodes(-1.0, 2.0, cells[a], ratio[a]);
    box.periodic[a] = periodic[a];
  }
  return box;
}

const Box boxes[] = {
    make_box({37}, {1}, {false}),
    make_box({37}, {5}, {true}),
    make_box({40, 22}, {1, 3}, {false, false}),
    make_box({16, 48}, {0.2, 1}, {true, false}),
    make_box({9, 10, 11}, {1, 2, 1}, {false, true, true}),
    make_box({32, 32, 32}, {1, 1, 1}, {false, false, false}),
};

TEST(BoxMesh, CellsFillTheBoxAndAreNumberedOnce) {
  for (const Box& box : boxes) {
    const Mesh mesh = make_box_mesh(Comm(), box);
    EXPECT_EQ(mesh.comm.sum(std::int64_t{mesh.owned}), mesh.global_cells);
    double volume = 0, numbers = 0;
    for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
      volume += mesh.volume[c];
      numbers += double(mesh.global[c]);
    }
    EXPECT_NEAR(mesh.comm.sum(volume), std::pow(3.0, box.dimension), 1e-12);
    const double n = double(mesh.global_cells);
    EXPECT_EQ(mesh.comm.sum(numbers), n * (n - 1) / 2);
  }
}

TEST(BoxMesh, HaloBringsTheCellsThatGhostsStandFor) {
  for (const Box& box : boxes) {
    const Mesh mesh = make_box_mesh(Comm(), box);
    std::vector<double> field(std::size_t(mesh.local()), -1.0);
    for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) field[c] = double(mesh.global[c]);
    mesh.halo.update(mesh.comm, field);
    for (std::size_t c = 0; c < field.size(); ++c) EXPECT_EQ(field[c], double(mesh.global[c]));
  }
}

TEST(BoxMesh, HaloTakesBackWhatGhostsHold) {
  for (const Box& box : boxes) {
    const Mesh mesh = make_box_mesh(Comm(), box);
    std::vector<double> field(std::size_t(mesh.local()), 0.0), copies(field.size(), 0.0);
    double sent = 0, number = 0;
    for (std::size_t c = std::size_t(mesh.owned); c < field.size(); ++c) {
      copies[c] = 1;
      field[c] = double(mesh.global[c]);
      sent += 1;
      number += field[c];
    }
    mesh.halo.add_ghosts(mesh.comm, copies);
    mesh.halo.add_ghosts(mesh.comm, field);
    double arrived = 0, numbers = 0;
    for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
      EXPECT_EQ(field[c], copies[c] * double(mesh.global[c]));
      arrived += copies[c];
      numbers += field[c];
    }
    EXPECT_EQ(mesh.comm.sum(arrived), mesh.comm.sum(sent));
    EXPECT_EQ(mesh.comm.sum(numbers), mesh.comm.sum(number));
  }
}

TEST(BoxMesh, FacesJoinNeighboursAcrossTheirTrueDistance) {
  for (const Box& box : boxes) {
    const Mesh mesh = make_box_mesh(Comm(), box);
    double interior = 0;  // faces between two owned cells count once, others half
    for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
      const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
      double distance = 0;
      for (std::size_t a = 0; a < 3; ++a) {
        const double step = mesh.center[r][a] - mesh.center[l][a];
        EXPECT_GE(step, 0);
        distance += step;
      }
      EXPECT_NEAR(distance, mesh.faces.distance[f], 1e-12);
      const bool both = l < std::size_t(mesh.owned) && r < std::size_t(mesh.owned);
      interior += both ? 1.0 : 0.5;
    }
    double expected = 0;
    for (int a = 0; a < box.dimension; ++a) {
      const double n = double(box.cells(a));
      const double layers = box.periodic[std::size_t(a)] ? n : n - 1;
      expected += double(mesh.global_cells) / n * layers;
    }
    EXPECT_EQ(mesh.comm.sum(interior), expected);
  }
}

/// sum over faces and walls of a cell of (area * outward normal) vanishes; tested through
/// div of a linear field: sum_f T_f (x_R - x_L) + walls = 0 except at walls.
TEST(BoxMesh, TwoPointLaplacianOfALinearFunctionVanishesInside) {
  for (const Box& box : boxes) {
    const Mesh mesh = make_box_mesh(Comm(), box);
    std::vector<double> sum(std::size_t(mesh.local()), 0.0);
    for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
      const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
      double step = 0;
      for (std::size_t a = 0; a < 3; ++a) {
        step += double(a + 1) * (mesh.center[r][a] - mesh.center[l][a]);
      }
      sum[l] += mesh.faces.transmissibility[f] * step;
      sum[r] -= mesh.faces.transmissibility[f] * step;
    }
    for (const auto cell : mesh.boundary.cell) sum[std::size_t(cell)] = 0;
    for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) EXPECT_NEAR(sum[c], 0, 1e-10);
  }
}

TEST(BoxMesh, ShapesHaveTheVolumesOfTheCells) {
  for (const Box& box : boxes) {
    const Mesh mesh = make_box_mesh(Comm(), box);
    const CellShapes shapes = cell_shapes(mesh);
    ASSERT_EQ(shapes.types.size(), std::size_t(mesh.owned));
    for (std::size_t c = 0; c < shapes.types.size(); ++c) {
      const auto first = std::size_t(shapes.offsets[c]), last = std::size_t(shapes.offsets[c + 1]);
      // The vertex opposite to the first: last but one ring position.
      const std::size_t opposite = box.dimension == 1 ? 1 : box.dimension == 2 ? 2 : 6;
      ASSERT_EQ(last - first, std::size_t(1) << box.dimension);
      const Point& p = shapes.points[std::size_t(shapes.connectivity[first])];
      const Point& q = shapes.points[std::size_t(shapes.connectivity[first + opposite])];
      double volume = 1;
      for (std::size_t a = 0; a < std::size_t(box.dimension); ++a) {
        volume *= q[a] - p[a];
        EXPECT_NEAR(0.5 * (p[a] + q[a]), mesh.center[c][a], 1e-12);
      }
      EXPECT_NEAR(volume, mesh.volume[c], 1e-12);
    }
  }
}

}  // namespace
}  // namespace otto
