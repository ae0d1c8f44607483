// Cells that V shuts: discs and layers whose cells are known, whatever the ranks; slopes that shut
// nothing; and phi inside.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "../../src/newton/obstacles.h"
#include "otto/mesh/mesh.h"

namespace otto {
namespace {

constexpr int layers = 50;

struct Setting {
  explicit Setting(const std::function<double(double, double)>& potential)
      : mesh(make_box_mesh(Comm(MPI_COMM_WORLD), box())),
        V(std::size_t(mesh.local())),
        hold(V.size()) {
    for (std::size_t k = 0; k < V.size(); ++k) {
      V[k] = potential(mesh.center[k][0], mesh.center[k][1]);
    }
  }
  static Box box() {
    Box b;
    b.dimension = 2;
    for (std::size_t a = 0; a < 2; ++a) b.nodes[a] = graded_nodes(0, 1, 24, 1);
    return b;
  }
  [[nodiscard]] std::vector<char> shut(double jump = 30) const {
    return shut_cells(mesh, V, hold, jump, layers);
  }
  Mesh mesh;
  std::vector<double> V, hold;
};

double disc(double x, double y) { return std::hypot(x - 0.6, y - 0.5) < 0.25 ? 1 : 0; }

TEST(Obstacles, ShutTheirCellsAndNoOthers) {
  for (const double height : {1e2, 1e4, 1e8}) {
    const Setting s([=](double x, double y) { return -3 * x + height * disc(x, y); });
    const auto shut = s.shut();
    for (std::size_t k = 0; k < shut.size(); ++k) {
      const auto [x, y, z] = s.mesh.center[k];
      EXPECT_EQ(shut[k] != 0, disc(x, y) > 0) << height << " at " << x << ", " << y;
    }
  }
}

TEST(Obstacles, AreNeitherWallsOfSteepWellsNorLowSteps) {
  const Setting well([](double x, double y) { return 4e4 * (x * x + y * y); });  // to 3300 per cell
  const Setting step([](double x, double y) { return 29 * disc(x, y); });
  for (const Setting* s : {&well, &step}) {
    for (const char shut : s->shut()) EXPECT_EQ(shut, 0);
  }
}

TEST(Obstacles, AreOpenWhereMassInThemCannotLeaveWithinTau) {
  Setting s([](double x, double y) { return 200 * disc(x, y); });
  const double h = 1.0 / 24;
  const std::vector<double> rho0(s.V.size(), 1.0);
  for (const bool leaves : {true, false}) {
    // inside the box h^2/tau; at its sides, fewer faces, more
    s.hold = holding_rise(s.mesh, rho0, 1e-13, h * h / (leaves ? 150 : 180));
    bool any = false;
    for (const char shut : s.shut()) any = any || shut != 0;
    EXPECT_EQ(s.mesh.comm.any(any), leaves);
  }
  s.hold = holding_rise(s.mesh, rho0, 2, h * h / 180);  // nothing in them
  for (const double rise : s.hold) EXPECT_EQ(rise, 0);
}

TEST(Obstacles, GetPhiFromTheirNeighboursLayerByLayer) {
  // Known left of x = 1/2: each layer is the mean of the one before, the same value in every row.
  const Setting s([](double, double) { return 0.0; });
  std::vector<double> phi(s.V.size());
  std::vector<char> unknown(std::size_t(s.mesh.owned));
  for (std::size_t k = 0; k < phi.size(); ++k) {
    const double x = s.mesh.center[k][0];
    phi[k] = x < 0.5 ? 2 + 3 * x : 1e300;
    if (k < unknown.size()) unknown[k] = x < 0.5 ? 0 : 1;
  }
  const double last = 2 + 3 * (0.5 - 0.5 / 24);
  std::vector<double> shallow = phi;
  extend_into(s.mesh, unknown, layers, 7, phi);
  extend_into(s.mesh, unknown, 2, 7, shallow);
  for (std::size_t k = 0; k < phi.size(); ++k) {
    const double x = s.mesh.center[k][0];
    EXPECT_NEAR(phi[k], x < 0.5 ? 2 + 3 * x : last, 1e-13);
    EXPECT_NEAR(shallow[k], x < 0.5 ? 2 + 3 * x : x < 0.5 + 2.0 / 24 ? last : 7, 1e-13);
  }
}

}  // namespace
}  // namespace otto
