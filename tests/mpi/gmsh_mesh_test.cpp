// Meshes from Gmsh files: geometry, consistency of the two-point fluxes, and the same topology to
// the last bit on every number of ranks.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "mesh_files.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/simplex_flux.h"

using namespace otto;

namespace {

struct File {
  const char* name;
  int refine;
  std::int64_t cells;
  double volume;
  const char* control_volumes = "elements";
};

Mesh mesh_of(const Comm& comm, const File& file, const char* partitioner = "bisection") {
  return mesh_of(comm, file.name, file.refine, partitioner, file.control_volumes);
}

// Volumes of the polygons and polyhedra the files hold: of exact domains where they are.
const File files[] = {
    {"meshes/acute", 0, 56, 1},
    {"meshes/acute", 2, 896, 1},
    {"tests/meshes/two_regions_41", 0, 56, 2},
    {"tests/meshes/cube", 1, 96, 1},
    {"tests/meshes/split_squares", 0, 9, 1},
    {"tests/meshes/split_squares", 1, 36, 1},
    {"tests/meshes/split_cubes", 0, 8, 1},
    {"tests/meshes/split_cubes", 1, 64, 1},
    // 24 chords to each quarter of the rings r = 1/2 and 1
    {"meshes/annulus", 0, 1152, 0.375 * 96 * std::sin(2 * std::numbers::pi / 96)},
    {"meshes/acute", 0, 37, 1, "vertices"},
    {"meshes/acute", 2, 481, 1, "vertices"},
    {"tests/meshes/two_regions_41", 1, 131, 2, "vertices"},
    {"tests/meshes/cube", 1, 175, 1, "vertices"},
    {"tests/meshes/split_squares", 1, 49, 1, "vertices"},
    {"tests/meshes/split_cubes", 1, 125, 1, "vertices"},
    {"meshes/acute", 2, 481, 1, "medians"},
    {"tests/meshes/two_regions_41", 1, 131, 2, "medians"},
    {"tests/meshes/split_cubes", 1, 125, 1, "medians"},
    {"tests/meshes/cube", 1, 175, 1, "medians"},
    {"meshes/annulus", 0, 1248, 0.375 * 96 * std::sin(2 * std::numbers::pi / 96), "medians"}};

double linear(const Point& x) { return 0.3 + 1.7 * x[0] - 0.9 * x[1] + 0.4 * x[2]; }
const Point slope{1.7, -0.9, 0.4};

class GmshMesh : public ::testing::TestWithParam<File> {};

TEST_P(GmshMesh, HasTheVolumeOfItsDomain) {
  const Mesh mesh = mesh_of(Comm(), GetParam());
  EXPECT_EQ(mesh.global_cells, GetParam().cells);
  double volume = 0;
  for (std::int32_t c = 0; c < mesh.owned; ++c) volume += mesh.volume[std::size_t(c)];
  EXPECT_NEAR(mesh.comm.sum(volume), GetParam().volume, 1e-10);
}

TEST_P(GmshMesh, GhostsAreCopiesToTheLastBit) {
  const Mesh mesh = mesh_of(Comm(), GetParam());
  const auto owned = std::size_t(mesh.owned);
  for (std::size_t a = 0; a < 5; ++a) {
    std::vector<double> field(std::size_t(mesh.local()), -1.0);
    const auto value = [&](std::size_t c) {
      return a < 3 ? mesh.center[c][a] : a == 3 ? mesh.volume[c] : double(mesh.global[c]);
    };
    for (std::size_t c = 0; c < owned; ++c) field[c] = value(c);
    mesh.halo.update(mesh.comm, field);
    for (std::size_t c = 0; c < field.size(); ++c) EXPECT_EQ(field[c], value(c)) << a;
  }
}

// Fluxes, of two points or of whole gradients, are exact for linear functions: what flows in
// through faces and walls is 0, as in sum_L a (u_L - u_K) + sum_walls A . grad u = 0.
TEST_P(GmshMesh, FluxesOfLinearFunctionsBalance) {
  const Mesh mesh = mesh_of(Comm(), GetParam());
  std::vector<double> sum(std::size_t(mesh.local()), 0.0), size(sum.size(), 0.0);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    const double flux =
        mesh.faces.transmissibility[f] * (linear(mesh.center[r]) - linear(mesh.center[l]));
    EXPECT_TRUE(mesh.simplices || mesh.faces.transmissibility[f] > 0);
    sum[l] += flux;
    sum[r] -= flux;
    size[l] += std::abs(flux);
    size[r] += std::abs(flux);
  }
  if (mesh.simplices) {
    // the couplings of simplices, added up on faces, are their gradients
    const SimplexFlux flux(mesh, identity_diffusion(mesh));
    std::vector<double> ones(sum.size(), 1.0), u(sum.size()), out(sum.size());
    std::ranges::transform(mesh.center, u.begin(), linear);
    (void)flux.outflow(ones, u, u, out);
    for (std::size_t c = 0; c < std::size_t(mesh.owned); ++c) {
      EXPECT_NEAR(sum[c], -out[c], 1e-12 * (1 + size[c]));
    }
  }
  for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
    double across = 0;
    for (std::size_t a = 0; a < 3; ++a) across += slope[a] * mesh.boundary.normal[f][a];
    sum[std::size_t(mesh.boundary.cell[f])] += across * mesh.boundary.area[f];
  }
  for (std::int32_t c = 0; c < mesh.owned; ++c) {
    // Coordinates are known to 1e-12, centres nearer to each other than their side amplify that.
    EXPECT_NEAR(sum[std::size_t(c)], 0, 1e-9 * (1 + size[std::size_t(c)]))
        << mesh.global[std::size_t(c)];
  }
}

/// Transmissibility by the numbers of the two cells, of every face with an owned cell.
std::map<std::pair<std::int64_t, std::int64_t>, double> faces_of(const Mesh& mesh) {
  std::map<std::pair<std::int64_t, std::int64_t>, double> all;
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    all[{mesh.global[std::size_t(mesh.faces.left[f])],
         mesh.global[std::size_t(mesh.faces.right[f])]}] = mesh.faces.transmissibility[f];
  }
  return all;
}

TEST_P(GmshMesh, IsTheSameOnEveryNumberOfRanksWhoeverDivides) {
  const auto whole = faces_of(mesh_of(Comm(MPI_COMM_SELF), GetParam()));
  for (const char* partitioner : {"bisection", "ptscotch", "blocks"}) {
    const Mesh mesh = mesh_of(Comm(), GetParam(), partitioner);
    double own = 0;  // faces between ranks are there twice
    for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
      own += mesh.faces.left[f] < mesh.owned ? 0.5 : 0;
      own += mesh.faces.right[f] < mesh.owned ? 0.5 : 0;
    }
    EXPECT_EQ(mesh.comm.sum(own), double(whole.size())) << partitioner;
    std::string wrong;  // no rank leaves early
    for (const auto& [cells, a] : faces_of(mesh)) {
      const auto at = whole.find(cells);
      if (at != whole.end() && at->second == a) continue;
      wrong = fmt::format("{} {}: {} and {}", cells.first, cells.second, a,
                          at == whole.end() ? -1 : at->second);
    }
    EXPECT_EQ(wrong, "") << partitioner;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GmshMesh, ::testing::ValuesIn(files), [](const auto& of) {
  std::string name =
      std::string(of.param.name) + "_" + std::to_string(of.param.refine) + of.param.control_volumes;
  for (char& c : name) c = c == '/' ? '_' : c;
  return name;
});

TEST(GmshFormats, AreReadAlike) {
  const Mesh mesh = mesh_of(Comm(), "tests/meshes/two_regions_41");
  for (const char* other : {"two_regions_41_binary", "two_regions_22", "two_regions_22_binary"}) {
    const Mesh same = mesh_of(Comm(), std::string("tests/meshes/") + other);
    ASSERT_EQ(same.owned, mesh.owned) << other;
    EXPECT_EQ(same.global, mesh.global) << other;
    EXPECT_EQ(same.region_names, mesh.region_names) << other;
    EXPECT_EQ(same.boundary_names, mesh.boundary_names) << other;
    EXPECT_EQ(same.region, mesh.region) << other;
    EXPECT_EQ(same.boundary.tag, mesh.boundary.tag) << other;
    for (std::size_t c = 0; c < mesh.volume.size(); ++c) {
      EXPECT_NEAR(same.volume[c], mesh.volume[c], 1e-14) << other;
    }
  }
}

TEST(GmshTags, MeasureWhatTheyName) {
  for (int refine : {0, 1}) {
    const Mesh mesh = mesh_of(Comm(), "tests/meshes/two_regions_41", refine);
    ASSERT_EQ(mesh.region_names, (std::vector<std::string>{"left", "right"}));
    ASSERT_EQ(mesh.boundary_names, (std::vector<std::string>{"west", "east"}));
    double left = 0, west = 0, nameless = 0;
    for (std::int32_t c = 0; c < mesh.owned; ++c) {
      const auto i = std::size_t(c);
      EXPECT_EQ(mesh.region[i], mesh.center[i][0] < 1 ? 0 : 1);
      if (mesh.region[i] == 0) left += mesh.volume[i];
    }
    for (std::int32_t f = 0; f < mesh.boundary.size(); ++f) {
      const auto i = std::size_t(f);
      if (mesh.boundary.tag[i] == 0) west += mesh.boundary.area[i];
      if (mesh.boundary.tag[i] < 0) nameless += mesh.boundary.area[i];
      if (mesh.boundary.tag[i] == 0) {
        EXPECT_NEAR(mesh.boundary.normal[i][0], -1, 1e-12);
      }
    }
    EXPECT_NEAR(mesh.comm.sum(left), 1, 1e-11);
    EXPECT_NEAR(mesh.comm.sum(west), 1, 1e-11);
    EXPECT_NEAR(mesh.comm.sum(nameless), 4, 1e-11);
  }
}

// Right triangles of one square, tetrahedra of one cube: the cells are squares and cubes again.
TEST(GmshJoined, CellsOfOneCircleAreOne) {
  for (int refine : {0, 1}) {
    const Mesh squares = mesh_of(Comm(), "tests/meshes/split_squares", refine);
    const double h = refine == 0 ? 1.0 / 3 : 1.0 / 6;
    for (std::int32_t c = 0; c < squares.owned; ++c) {
      EXPECT_NEAR(squares.volume[std::size_t(c)], h * h, 1e-11);
    }
    for (const double a : squares.faces.transmissibility) EXPECT_NEAR(a, 1, 1e-9);
    for (const std::uint8_t type : cell_shapes(squares).types) EXPECT_EQ(type, 9);
    EXPECT_EQ(squares.quality.joined, refine == 0 ? 9 : 36);
    const Mesh cubes = mesh_of(Comm(), "tests/meshes/split_cubes", refine);
    for (std::int32_t c = 0; c < cubes.owned; ++c) {
      EXPECT_NEAR(cubes.volume[std::size_t(c)], std::pow(refine == 0 ? 0.5 : 0.25, 3), 1e-11);
    }
    for (const double a : cubes.faces.transmissibility) {
      EXPECT_NEAR(a, refine == 0 ? 0.5 : 0.25, 1e-9);
    }
  }
}

// x = 0 and x = 1 are one: no wall there, every cell balances, and both copies of a face are equal.
TEST(GmshPeriodic, NeighboursAcrossAPeriodAreNeighbours) {
  const auto whole = faces_of(mesh_of(Comm(MPI_COMM_SELF), "tests/meshes/periodic_square"));
  const Mesh mesh = mesh_of(Comm(), "tests/meshes/periodic_square");
  std::string wrong;
  for (const auto& [cells, a] : faces_of(mesh)) {
    const auto at = whole.find(cells);
    if (at == whole.end() || at->second != a) {
      wrong = fmt::format("{} {}", cells.first, cells.second);
    }
  }
  EXPECT_EQ(wrong, "");
  double wall = 0;
  for (const double area : mesh.boundary.area) wall += area;
  EXPECT_NEAR(mesh.comm.sum(wall), 2, 1e-11);
  EXPECT_EQ(mesh.boundary_names, (std::vector<std::string>{"bottom", "top"}));
  // u = y: no flux across the period.
  std::vector<double> sum(std::size_t(mesh.local()), 0.0);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    const double flux = mesh.faces.transmissibility[f] * (mesh.center[r][1] - mesh.center[l][1]);
    sum[l] += flux;
    sum[r] -= flux;
    EXPECT_LT(std::abs(mesh.center[r][0] - mesh.center[l][0]), 0.5);
  }
  for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
    sum[std::size_t(mesh.boundary.cell[f])] += mesh.boundary.normal[f][1] * mesh.boundary.area[f];
  }
  for (std::int32_t c = 0; c < mesh.owned; ++c) EXPECT_NEAR(sum[std::size_t(c)], 0, 1e-9);
}

}  // namespace
