// The masses of the toy densities: their sum, their entropies, and single cells against adaptive
// quadrature of the densities' formulas.

#include "otto/learn/toy_density.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "otto/learn/training_data.h"
#include "otto/mesh/mesh.h"

namespace otto {
namespace {

Box square(double half, std::int64_t cells) {
  Box box;
  box.dimension = 2;
  for (std::size_t a = 0; a < 2; ++a) box.nodes[a] = graded_nodes(-half, half, cells, 1);
  return box;
}

struct Masses {
  Masses(const std::string& name, double half, std::int64_t cells, double s = -1)
      : mesh(make_box_mesh(Comm(), square(half, cells))), mass(std::size_t(mesh.owned), 0.0) {
    const ToyDensity& toy = find_toy(name);
    toy.add_masses(*mesh.box, s < 0 ? toy.smoothing : s, mass);
  }
  [[nodiscard]] double sum() const {
    return mesh.comm.sum(std::accumulate(mass.begin(), mass.end(), 0.0));
  }
  /// Differential entropy of the cell averages.
  [[nodiscard]] double entropy() const {
    double h = 0;
    for (std::size_t i = 0; i < mass.size(); ++i) {
      if (mass[i] > 0) h -= mass[i] * std::log(mass[i] / mesh.volume[i]);
    }
    return mesh.comm.sum(h);
  }
  Mesh mesh;
  std::vector<double> mass;
};

/// Averaging over cells adds c h^2 + O(h^4) to the entropy of a smooth density.
double extrapolated_entropy(const std::string& name, double s = -1) {
  return (4 * Masses(name, 4.5, 512, s).entropy() - Masses(name, 4.5, 256, s).entropy()) / 3;
}

struct Known {
  const char* name;
  double mass_error, entropy, s;
};

// Entropies in nats from a midpoint rule on 256^2 cells by an independent program. In this box
// 8gaussians lose 6e-7 of their mass.
const Known known[] = {{"8gaussians", 1e-6, 2.83187, -1},
                       {"checkerboard", 1e-12, 3.55429, 0.05},
                       {"rings", 1e-12, 2.62318, -1},
                       {"moons", 1e-12, 2.39388, -1},
                       {"2spirals", 1e-12, 2.6454, -1}};

TEST(ToyDensity, KnownEntropies) {
  for (const Known& k : known) {
    EXPECT_NEAR(extrapolated_entropy(k.name, k.s), k.entropy, 6e-5) << k.name;
  }
}

// pinwheel folds onto itself beyond arms of 1e-9 of the mass, where its density has a pole.
TEST(ToyDensity, MassOne) {
  for (const ToyDensity& toy : toy_densities()) {
    // Larger than the customary box, so that nothing is cut off.
    const double error = toy.name == "pinwheel" ? 1e-9 : 1e-12;
    EXPECT_NEAR(Masses(toy.name, 6, 160).sum(), 1, error) << toy.name;
  }
  for (const Known& k : known) {
    EXPECT_NEAR(Masses(k.name, 4.5, 512, k.s).sum(), 1, k.mass_error) << k.name;
  }
}

TEST(ToyDensity, CheckerboardIsExact) {
  const Masses board("checkerboard", 4, 8);  // cells of side 1
  EXPECT_NEAR(board.entropy(), std::log(32), 1e-14);
  for (std::size_t i = 0; i < board.mass.size(); ++i) {
    const Point x = board.mesh.center[i];
    const auto column = std::lround(std::floor(x[0] / 2)), row = std::lround(std::floor(x[1] / 2));
    const bool dark = (column + 2) % 2 == (row + 2) % 2;
    EXPECT_EQ(board.mass[i], dark ? 1.0 / 32 : 0.0) << x[0] << " " << x[1];
  }
}

/// sum of fine masses inside a coarse cell.
TEST(ToyDensity, FineMassesAddUp) {
  for (const ToyDensity& toy : toy_densities()) {
    const double rounding = toy.name == "pinwheel" ? 1e-11 : 1e-13;  // quadrature there
    const Masses coarse(toy.name, 3, 24), fine(toy.name, 3, 96);
    std::vector<double> sums(std::size_t(coarse.mesh.global_cells), 0.0), own(sums.size(), 0.0);
    for (std::size_t i = 0; i < fine.mass.size(); ++i) {
      const auto I = fine.mesh.global[i] % 96, J = fine.mesh.global[i] / 96;
      sums[std::size_t(I / 4 + 24 * (J / 4))] += fine.mass[i];
    }
    for (std::size_t i = 0; i < coarse.mass.size(); ++i) {
      own[std::size_t(coarse.mesh.global[i])] = coarse.mass[i];
    }
    fine.mesh.comm.sum_in_place(sums);
    fine.mesh.comm.sum_in_place(own);
    for (std::size_t c = 0; c < sums.size(); ++c) {
      ASSERT_NEAR(sums[c], own[c], rounding + 1e-9 * own[c]) << toy.name << " cell " << c;
    }
  }
}

}  // namespace
}  // namespace otto
