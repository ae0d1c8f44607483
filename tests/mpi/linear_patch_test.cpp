// Solves on patches of cells, against the whole system's product, on any number of ranks.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "dense.h"
#include "otto/linear/patch_system.h"

namespace otto::test {
namespace {

/// A Newton matrix of coefficients without symmetry, Omega over ten orders of magnitude.
struct Rough {
  explicit Rough(const Comm& comm)
      : mesh(make_box_mesh(comm, graded_box({14, 11}))), transport(mesh) {
    const auto rho = field(mesh, [](const Point& x) { return std::exp(12 * noise(x, 2)); });
    const auto phi = field(mesh, [](const Point& x) { return noise(x, 3); });
    slope.resize(std::size_t(mesh.faces.size()));
    conductance.resize(slope.size());
    transport.slopes(phi, 0.01, slope, slope);
    transport.conductances(phi, rho, 0.01, conductance);
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
      omega.push_back(mesh.volume[k] * std::exp(12 * noise(mesh.center[k], 4)));
    }
  }
  [[nodiscard]] ProximalCoefficients coefficients() const {
    return {omega, slope, slope, conductance};
  }

  Mesh mesh;
  Transport transport;
  std::vector<double> omega, slope, conductance;
};

TEST(PatchSystem, SolvesInsideAndLeavesTheRest) {
  Rough rough{Comm()};
  const std::size_t n = rough.omega.size();
  std::vector<char> inside(n);
  std::vector<double> b(n), x(n, 5.0), product(n);
  for (std::size_t k = 0; k < n; ++k) {
    const Point& at = rough.mesh.center[k];
    inside[k] = std::hypot(at[0] - 0.4, at[1]) < 0.6 ? 1 : 0;
    b[k] = noise(at, 6) * std::sqrt(rough.omega[k]);
  }
  PatchSystem patch(rough.transport);
  const SolveReport report = patch.solve(rough.coefficients(), inside, b, x, 1e-12, 2000);
  EXPECT_TRUE(report.converged);
  ProximalSystem system(rough.transport, {});
  system.set(rough.coefficients());
  system.apply(x, product);
  double left = 0, size = 0;
  for (std::size_t k = 0; k < n; ++k) {
    if (inside[k] == 0) {
      EXPECT_EQ(x[k], 0);
      continue;
    }
    left += std::pow(product[k] - b[k], 2) / rough.omega[k];
    size += b[k] * b[k] / rough.omega[k];
  }
  EXPECT_GT(rough.mesh.comm.sum(size), 1);
  EXPECT_LE(rough.mesh.comm.sum(left), 1e-16 * rough.mesh.comm.sum(size));
}

TEST(PatchSystem, StopsWhereItIsTold) {
  Rough rough{Comm()};
  const std::size_t n = rough.omega.size();
  const std::vector<char> inside(n, 1);
  std::vector<double> b(n), x(n);
  for (std::size_t k = 0; k < n; ++k) b[k] = noise(rough.mesh.center[k], 6);
  PatchSystem patch(rough.transport);
  const SolveReport few = patch.solve(rough.coefficients(), inside, b, x, 1e-14, 3);
  EXPECT_FALSE(few.converged);
  EXPECT_EQ(few.iterations, 3);
}

}  // namespace
}  // namespace otto::test
