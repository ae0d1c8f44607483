// The preconditioners of proximal steps on energies that no axis of the grid follows.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "otto/linear/proximal_system.h"
#include "otto/mesh/mesh.h"

namespace otto {
namespace {

/// The Newton matrix of a step of length tau in a valley across the grid:  V = 2 (s^2 - 1)^2 +
/// 14 t^2  in turned axes, kT = 0.7, a density between its start and its Gibbs state.
struct Valley {
  Valley(const Comm& comm, int dim, std::int64_t n, double roughness = 0,
         SolverOptions options = {})
      : mesh(make_box_mesh(comm, box(dim, n))), transport(mesh), system(transport, options) {
    constexpr double kT = 0.7, tau = 0.02;
    const auto local = std::size_t(mesh.local()), owned = std::size_t(mesh.owned);
    std::vector<double> rho(local), phi(local);
    for (std::size_t k = 0; k < local; ++k) {
      const auto [x, y, z] = mesh.center[k];
      const double s = 0.8 * x + 0.6 * y, t = 0.8 * y - 0.6 * x, q = s + 1 - 0.3 * t;
      const double V = 2 * (s * s - 1) * (s * s - 1) + 14 * t * t + 3 * z * z;
      const double smooth = -V / kT + 1.5 * std::sin(q) - 0.5 * t;
      rho[k] = std::exp(smooth + roughness * chance(mesh.global[k], 5));
      phi[k] = kT * smooth + V;
    }
    const auto faces = std::size_t(mesh.faces.size());
    slope.resize(faces);
    conductance.resize(faces);
    transport.slopes(phi, tau, slope, slope);
    transport.conductances(phi, rho, tau, conductance);
    for (std::size_t k = 0; k < owned; ++k) omega.push_back(mesh.volume[k] * rho[k] / kT);
    system.set({omega, slope, slope, conductance});
  }
  static Box box(int dim, std::int64_t n) {
    Box b;
    b.dimension = dim;
    for (int a = 0; a < dim; ++a) b.nodes[std::size_t(a)] = graded_nodes(-2, 2, n + a, 1);
    return b;
  }
  /// In [-1, 1], by the global number of a cell only.
  static double chance(std::int64_t cell, unsigned seed) {
    std::mt19937 random(unsigned(cell) * 7919u + seed);
    return std::uniform_real_distribution<double>(-1, 1)(random);
  }
  /// H times a vector of chance.
  std::vector<double> load(unsigned seed) {
    std::vector<double> x(omega.size()), b(omega.size());
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = chance(mesh.global[k], seed);
    system.apply(x, b);
    return b;
  }
  std::vector<double> precondition(const std::vector<double>& r) {
    std::vector<double> z(r.size());
    system.precondition(r, z);
    return z;
  }
  double dot(const std::vector<double>& x, const std::vector<double>& y) const {
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) sum += x[k] * y[k];
    return mesh.comm.sum(sum);
  }
  SolveReport solve(double rtol) {
    std::vector<double> x(omega.size());
    return system.solve(load(3), x, rtol);
  }

  Mesh mesh;
  Transport transport;
  ProximalSystem system;
  std::vector<double> omega, slope, conductance;
};

TEST(ProximalMultigrid, FewIterationsAcrossTheGridAtEverySize) {
  std::map<std::int64_t, int> count;
  for (const std::int64_t n : {64, 256}) {
    Valley valley(Comm(), 2, n);
    const SolveReport report = valley.solve(1e-8);
    EXPECT_TRUE(report.converged);
    EXPECT_FALSE(report.algebraic);
    count[n] = report.iterations;
  }
  EXPECT_LE(count[64], 6);
  EXPECT_LE(count[256], count[64] + 2);
  EXPECT_LE(Valley(Comm(), 3, 24).solve(1e-8).iterations, 10);
}

/// A front of a power law with m = 4: rho = (1 - r^2)_+^(1/3), a film before it, and next to nothing
/// outside. Omega = vol / (12 rho^2 + s/rho) grows towards the edge and falls to nothing behind it.
SolveReport solve_front(const SolverOptions& options) {
  Valley front(Comm(), 2, 96, 0, options);
  constexpr double tau = 0.02;
  const auto local = std::size_t(front.mesh.local());
  std::vector<double> rho(local), phi(local);
  for (std::size_t k = 0; k < local; ++k) {
    const auto [x, y, z] = front.mesh.center[k];
    const double inside = 1 - 0.6 * x * x - x * y - y * y;
    rho[k] = std::max(
        std::cbrt(std::max(inside, 0.0)) + 0.02 * std::exp(40 * std::min(inside, 0.0)), 1e-9);
    phi[k] = 4 * inside - 2 * x * x;
    if (k < front.omega.size()) {
      const double q = rho[k] * rho[k], s = inside > -0.1 ? 1e-9 / rho[k] : 0.1;
      front.omega[k] = front.mesh.volume[k] / (12 * q + s / rho[k]);
    }
  }
  front.transport.slopes(phi, tau, front.slope, front.slope);
  front.transport.conductances(phi, rho, tau, front.conductance);
  front.system.begin(true);
  front.system.set({front.omega, front.slope, front.slope, front.conductance});
  return front.solve(1e-8);
}

TEST(ProximalMultigrid, FreeBoundaryTakesACorrectionOnItsLayer) {
  const SolveReport corrected = solve_front({});
  EXPECT_TRUE(corrected.converged);
  EXPECT_FALSE(corrected.algebraic);
  SolverOptions none;
  none.layer_work = 0;
  const SolveReport without = solve_front(none);
  EXPECT_TRUE(without.algebraic);
  EXPECT_LE(corrected.iterations, without.iterations / 2);
}

TEST(ProximalMultigrid, CycleIsSymmetricAndPositive) {
  for (const int dim : {1, 2, 3}) {
    Valley valley(Comm(), dim, dim == 3 ? 17 : 75);
    const auto r = valley.load(1), s = valley.load(2);
    const auto Br = valley.precondition(r), Bs = valley.precondition(s);
    EXPECT_GT(valley.dot(r, Br), 0);
    EXPECT_NEAR(valley.dot(s, Br), valley.dot(r, Bs),
                1e-5 * std::sqrt(valley.dot(r, Br) * valley.dot(s, Bs)));
  }
}

TEST(ProximalMultigrid, CycleDoesNotDependOnTheRanks) {
  for (const int dim : {1, 2, 3}) {
    const std::int64_t n = dim == 3 ? 22 : 90;  // 90^2 is divided on the finest level
    Valley shared(Comm(), dim, n), alone(Comm(MPI_COMM_SELF), dim, n);
    const auto z = shared.precondition(shared.load(1)), whole = alone.precondition(alone.load(1));
    std::map<std::int64_t, double> expected;
    double size = 0, difference = 0;
    for (std::size_t k = 0; k < whole.size(); ++k) {
      expected[alone.mesh.global[k]] = whole[k];
      size = std::max(size, std::abs(whole[k]));
    }
    for (std::size_t k = 0; k < z.size(); ++k) {
      difference = std::max(difference, std::abs(z[k] - expected[shared.mesh.global[k]]));
    }
    EXPECT_LE(difference, 2e-4 * size) << dim;
  }
}

TEST(ProximalMultigrid, RoughDensitiesTakeMore) {
  const SolveReport report =
      Valley(Comm(), 2, 64, 12).solve(1e-8);  // factors of e^24 between cells
  EXPECT_TRUE(report.converged) << report.reason;
  EXPECT_LE(report.iterations, 24);
}

TEST(ProximalMultigrid, GivesWayWhereItIsSlow) {
  Valley valley(Comm(), 2, 64, 12, {.proximal_iterations = 3});
  const SolveReport report = valley.solve(1e-8);
  EXPECT_TRUE(report.converged) << report.reason;
  EXPECT_TRUE(report.algebraic);
  EXPECT_FALSE(report.fallback);
  EXPECT_LE(report.iterations, 35);
}

}  // namespace
}  // namespace otto
