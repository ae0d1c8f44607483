// Whole gradients with a tensor: what holds exactly on every mesh, and steps of both kinds.

#include "otto/operators/simplex_flux.h"

#include <gtest/gtest.h>

#include <cmath>

#include "otto/core/error.h"
#include "scenario.h"

namespace otto::test {
namespace {

struct Place {
  const char* name;
  const char* mesh;  ///< lines of [mesh]
  int dimension;
};

#define GMSH(file) \
  "kind = \"gmsh\"\ncontrol_volumes = \"medians\"\nfile = \"" OTTO_SOURCE_DIR "/" file ".msh\"\n"

const Place places[] = {
    {"line", "lower = [0.0]\nupper = [1.0]\ncells = [30]\n", 1},
    {"box", "lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [20, 14]\ngrading = [2.0, 0.4]\n", 2},
    {"periodic",
     "lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [12, 10]\nperiodic = [true, false]\n", 2},
    {"box_3d", "lower = [0, 0, 0]\nupper = [1, 1, 1]\ncells = [6, 7, 8]\n", 3},
    {"disc", GMSH("meshes/disc"), 2},
    {"annulus", GMSH("meshes/annulus"), 2},
    {"two_chambers", GMSH("meshes/two_chambers"), 2},
    {"torus", GMSH("meshes/torus"), 3},
    {"bricks", GMSH("tests/meshes/cube"), 3}};

const char* tensors[] = {"[[2.0]]", "[[0.7525, 0.42868], [0.42868, 0.2575]]",
                         "[[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.5]]"};

std::string text_of(const Place& place, const std::string& initial, const std::string& scheme) {
  const char* V[] = {"0.5*cos(2*pi*x)", "0.5*cos(2*pi*x) + 0.3*y^2",
                     "0.5*cos(2*pi*x) + 0.3*y^2 - 0.2*z"};
  return std::string("[mesh]\n") + place.mesh +
         "[diffusion]\ntensor = " + tensors[place.dimension - 1] +
         "\n[flux]\nkind = \"simplex\"\n" +
         "[[energy]]\nkind = \"entropy\"\ntemperature = 0.25\n[[energy]]\nkind = \"external\"\n" +
         "expression = \"" + V[place.dimension - 1] + "\"\n[initial]\n" + initial +
         "\n[time]\nscheme = \"" + scheme + "\"\nstep = 0.05\nend = 0.25\n";
}

/// A constant tensor, of a region or everywhere.
Tensor tensor_of(const Diffusion& diffusion, std::int32_t label) {
  const Point origin{};
  return diffusion.tensors({&origin, 1}, {&label, 1}, 0)[0];
}

class OnMesh : public testing::TestWithParam<Place> {};

/// rho = 1 and mu linear: what flows out of a cell away from walls is 0, and a simplex that knows
/// its whole gradient dissipates |g|^2.
TEST_P(OnMesh, LinearPotentialsAreExact) {
  Scenario s(text_of(GetParam(), "kind = \"uniform\"", "implicit_euler"));
  const Mesh& mesh = s.mesh;
  const SimplexFlux flux(mesh, *s.diffusion);
  const Tensor D = tensor_of(*s.diffusion, -1);
  const double g[] = {0.3, -1.1, 0.7};
  std::vector<double> rho(std::size_t(mesh.local()), 1.0), mu(rho.size(), 0.0), out(rho.size());
  for (std::size_t K = 0; K < mu.size(); ++K) {
    for (std::size_t a = 0; a < 3; ++a) mu[K] += g[a] * mesh.center[K][a];
  }
  const SimplexFlux::Sums sums = flux.outflow(rho, mu, mu, out);
  std::vector<double> wall(rho.size(), 0.0);  // cells of simplices next to a wall, and wall cells
  for (const auto& group : flux.groups()) {
    if (group.cells == mesh.dimension + 1) continue;
    for (int i = 0; i < group.cells; ++i) wall[std::size_t(group.cell[std::size_t(i)])] += 1;
  }
  for (const std::int32_t K : mesh.boundary.cell) wall[std::size_t(K)] += 1;
  mesh.halo.add_ghosts(mesh.comm, wall);
  double total = 0, size = 0, inside = 0;
  for (std::size_t K = 0; K < std::size_t(mesh.owned); ++K) {
    total += out[K];
    size += std::abs(out[K]);
    // ghosts of a periodic copy are an axis' length away, so mu is that of a line there too
    if (wall[K] == 0) {
      inside += 1;
      EXPECT_NEAR(out[K], 0, 1e-12) << K;
    }
  }
  EXPECT_GT(mesh.comm.sum(inside), 0);
  EXPECT_NEAR(mesh.comm.sum(total), 0, 1e-13 * mesh.comm.sum(size));
  double square = 0;
  for (int i = 0; i < mesh.dimension; ++i) {
    for (int j = 0; j < mesh.dimension; ++j) square += g[i] * D(i, j) * g[j];
  }
  double volume = 0;
  for (std::size_t K = 0; K < std::size_t(mesh.owned); ++K) volume += mesh.volume[K];
  volume = mesh.comm.sum(volume);
  if (mesh.box) {  // at walls the flux across them is missing
    EXPECT_LT(sums.dissipation, square * volume);
    EXPECT_GT(sums.dissipation, 0.5 * square * volume);
  } else {
    EXPECT_NEAR(sums.dissipation, square * volume, 1e-11 * square * volume);
  }
}

TEST_P(OnMesh, GibbsStatesAreAtRest) {
  for (const char* scheme : {"implicit_euler", "midpoint"}) {
    Scenario s(text_of(GetParam(), "kind = \"gibbs\"", scheme));
    State state = s.initial();
    const std::vector<double> before = state.density;
    s.run(state);
    double max = 0, change = 0;
    for (std::size_t K = 0; K < before.size(); ++K) {
      max = std::max(max, before[K]);
      change = std::max(change, std::abs(state.density[K] - before[K]));
    }
    EXPECT_LE(s.mesh.comm.max(change), 1e-13 * s.mesh.comm.max(max)) << scheme;
  }
}

TEST_P(OnMesh, KeepsMassAndSignAndDissipates) {
  for (const std::string scheme : {"implicit_euler", "midpoint"}) {
    const bool exact = scheme == "midpoint";
    Scenario s(text_of(GetParam(),
                       std::string("kind = \"expression\"\nexpression = \"") +
                           (exact ? "1.2 + sin(3*x)\"" : "max(x - 0.3, 0)\""),
                       scheme),
               exact ? std::vector<std::string>{"time.step=0.01", "time.end=0.05"}
                     : std::vector<std::string>{});
    State state = s.initial();
    s.run(state);
    ASSERT_EQ(s.records.back().step, 5) << "no step was refused";
    for (std::size_t i = 1; i < s.records.size(); ++i) {
      const Ledger &now = s.records[i].ledger, &before = s.records[i - 1].ledger;
      EXPECT_NEAR(now.mass, 1, 1e-13);
      EXPECT_GT(now.min_density, 0);
      EXPECT_LT(now.free_energy, before.free_energy);
      EXPECT_GT(now.dissipation, 0);
      const double gap = s.records[i].edi_gap;
      EXPECT_LE(gap, 1e-11) << "an energy bound, to the tolerance of Newton's method";
      const bool euler = i == 1 && s.mesh.simplices;  // how the midpoint rule starts on medians
      if (exact && !euler) {
        EXPECT_NEAR(gap, 0, 1e-13);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Places, OnMesh, testing::ValuesIn(places),
                         [](const auto& of) { return std::string(of.param.name); });

/// One row of cells between walls: nothing moves across, so the row diffuses with the Schur
/// complement of the tensor.
TEST(SimplexFlux, WallsTakeTheAxisAcrossThemOut) {
  const Place row{"row", "lower = [0.0, 0.0]\nupper = [1.0, 0.1]\ncells = [20, 1]\n", 2};
  Scenario s(text_of(row, "kind = \"uniform\"", "implicit_euler"));
  const SimplexFlux flux(s.mesh, *s.diffusion);
  const Tensor T = tensor_of(*s.diffusion, -1);
  const double along = T(0, 0) - T(0, 1) * T(0, 1) / T(1, 1), h = 0.05;
  for (const auto& group : flux.groups()) {
    ASSERT_EQ(group.cells, 2);
    EXPECT_NEAR(group.s[0], 0.25 * h * 0.1 * along / (h * h), 1e-13);
  }
}

/// Without entries off the diagonal, flows go across faces only.
TEST(SimplexFlux, DiagonalTensorsMakeTwoPointFluxes) {
  const Place box{"box", "lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [8, 8]\n", 2};
  Scenario s(text_of(box, "kind = \"uniform\"", "implicit_euler"),
             {"diffusion.tensor=[[2.0, 0.0], [0.0, 0.5]]"});
  const SimplexFlux flux(s.mesh, *s.diffusion);
  std::vector<double> rho(std::size_t(s.mesh.local()), 1.0), mu(rho.size()), out(rho.size()),
      expected(rho.size(), 0.0);
  for (std::size_t K = 0; K < mu.size(); ++K) {
    mu[K] = std::sin(7 * s.mesh.center[K][0]) + std::cos(5 * s.mesh.center[K][1]);
  }
  (void)flux.outflow(rho, mu, mu, out);
  for (std::size_t f = 0; f < std::size_t(s.mesh.faces.size()); ++f) {
    const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
    const double F = s.mesh.faces.transmissibility[f] * (mu[K] - mu[L]);  // holds D
    expected[K] += F;
    expected[L] -= F;
  }
  for (std::size_t K = 0; K < std::size_t(s.mesh.owned); ++K)
    EXPECT_NEAR(out[K], expected[K], 1e-12);
}

/// Regions with their own tensor, read by name.
TEST(SimplexFlux, TensorsByRegion) {
  const Place place{"two_chambers", GMSH("meshes/two_chambers"), 2};
  Scenario s(text_of(place, "kind = \"uniform\"", "implicit_euler"),
             {"diffusion.region[1].name=neck", "diffusion.region[1].tensor=[[5, 0], [0, 3]]"});
  ASSERT_EQ(s.diffusion->region.size(), s.mesh.region_names.size());
  for (std::size_t r = 0; r < s.diffusion->region.size(); ++r) {
    const bool neck = s.mesh.region_names[r] == "neck";
    EXPECT_EQ(tensor_of(*s.diffusion, std::int32_t(r))(0, 0), neck ? 5.0 : 0.7525);
  }
  State state = s.initial();
  s.run(state);
  EXPECT_LT(s.records.back().ledger.free_energy, s.records.front().ledger.free_energy);
}

/// Fast diffusion (U' of infinite slope at 0 too) by implicit Euler.
TEST(SimplexFlux, OtherEnergiesThatKeepDensitiesPositive) {
  const Place box{"box", "lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [16, 16]\n", 2};
  Scenario s(
      text_of(box, "kind = \"expression\"\nexpression = \"max(x - 0.3, 0)\"", "implicit_euler") +
      "[[energy]]\nkind = \"power\"\nexponent = 2.0\n");
  State state = s.initial();
  s.run(state);
  for (std::size_t i = 1; i < s.records.size(); ++i) {
    EXPECT_LT(s.records[i].ledger.free_energy, s.records[i - 1].ledger.free_energy);
    EXPECT_GT(s.records[i].ledger.min_density, 0);
  }
}

}  // namespace
}  // namespace otto::test
