// The parts of the geodesic on any number of ranks: orders, Poisson's equation, kinetic energy, and
// the answer itself against one rank.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "../../src/geodesic/slab.h"
#include "../../src/geodesic/space_time_poisson.h"
#include "otto/geodesic/geodesic.h"
#include "otto/linear/kinetic_energy.h"
#include "otto/mesh/box.h"
#include "otto/mesh/mesh.h"

using namespace otto;

namespace {

Mesh make_box(const Comm& comm, int dimension, std::array<std::int64_t, 3> cells) {
  Box box;
  box.dimension = dimension;
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    box.nodes[a] = graded_nodes(-0.5, 0.5 + double(a), cells[a], 1);
  }
  return make_box_mesh(comm, box);
}

std::vector<double> gaussian(const Mesh& mesh, double mean, double sigma) {
  std::vector<double> rho;
  for (std::int32_t i = 0; i < mesh.owned; ++i) {
    double r2 = 0;
    for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
      r2 += std::pow(mesh.center[std::size_t(i)][a] - mean, 2);
    }
    rho.push_back(std::exp(-0.5 * r2 / (sigma * sigma)));
  }
  const double mass = integral(mesh, rho);
  for (double& x : rho) x /= mass;
  return rho;
}

}  // namespace

TEST(Slab, PlanesHoldTheCellsOfTheirNumbersAndComeBack) {
  const Comm world;
  for (int d = 1; d <= 3; ++d) {
    const Mesh mesh = make_box(world, d, {7, 6, 5});
    const Slab slab = make_slab(mesh, 4);
    const SlabOrder order(mesh, slab);
    std::vector<double> number(mesh.global.begin(), mesh.global.begin() + mesh.owned);
    const auto planes = order.to_planes(number);
    ASSERT_EQ(planes.size(), std::size_t(slab.planes * slab.rest));
    for (std::size_t i = 0; i < planes.size(); ++i) {
      EXPECT_EQ(planes[i], double(slab.first * slab.rest) + double(i));
    }
    EXPECT_EQ(order.from_planes(planes), number);
  }
}

TEST(SpaceTimePoisson, SolvesForAMode) {
  // f = cos(2 pi (k + 1/2)/N) prod cos(pi (i_a + 1/2)/n_a) is an eigenvector.
  const Comm world;
  constexpr double pi = std::numbers::pi, gamma = 0.3;
  for (int d = 1; d <= 3; ++d) {
    const Mesh mesh = make_box(world, d, {6, 9, 5});
    const Slab slab = make_slab(mesh, 8);
    SpaceTimePoisson poisson(slab);
    double eigenvalue = std::pow(2 / slab.dt() * std::sin(pi / 8), 2);
    for (std::size_t a = 0; a < std::size_t(d); ++a) {
      eigenvalue +=
          gamma * std::pow(2 / slab.width[a] * std::sin(0.5 * pi / double(slab.cells[a])), 2);
    }
    const auto mode = [&](std::int64_t s, std::int64_t k, std::int64_t r) {
      std::array<std::int64_t, 3> at{r % slab.cells[0], r / slab.cells[0], 0};
      at[std::size_t(d - 1)] = slab.first + s;
      double f = std::cos(2 * pi * (double(k) + 0.5) / 8);
      for (std::size_t a = 0; a < std::size_t(d); ++a) {
        f *= std::cos(pi * (double(at[a]) + 0.5) / double(slab.cells[a]));
      }
      return f;
    };
    const auto visit = [&](auto&& what) {
      for (std::int64_t s = 0; s < slab.planes; ++s) {
        for (std::int64_t k = 0; k < 8; ++k) {
          for (std::int64_t r = 0; r < slab.rest; ++r) {
            what(slab.at(s, k) + std::size_t(r), mode(s, k, r));
          }
        }
      }
    };
    visit([&](std::size_t i, double f) { poisson.values()[i] = f + 3; });  // the mean drops out
    poisson.solve(gamma);
    visit(
        [&](std::size_t i, double f) { EXPECT_NEAR(poisson.values()[i], f / eigenvalue, 1e-13); });
  }
}

TEST(KineticEnergy, OneDimensionBySummingTheRate) {
  // In one dimension the flux is the sum of the rate, whatever the density: here 1e8 of contrast.
  const Comm world;
  const Mesh mesh = make_box(world, 1, {40, 1, 1});
  const double h = 1.0 / 40;
  const auto rho = [](double x) { return 1e-8 + std::exp(-40 * x * x); };
  const auto rate = [](double x) { return std::sin(7 * x); };  // odd, so of sum zero
  std::vector<double> density, rates;
  for (std::size_t i = 0; i < mesh.center.size(); ++i) density.push_back(rho(mesh.center[i][0]));
  for (std::int32_t i = 0; i < mesh.owned; ++i)
    rates.push_back(rate(mesh.center[std::size_t(i)][0]));
  double flux = 0, exact = 0;
  for (int i = 0; i + 1 < 40; ++i) {
    const double x = -0.5 + h * (i + 0.5);
    flux -= h * rate(x);
    exact += h * flux * flux / (0.5 * (rho(x) + rho(x + h)));
  }
  EXPECT_NEAR(min_kinetic_energy(mesh, density, rates), exact, 1e-9 * exact);
}

TEST(KineticEnergy, ConstantDensityInTwoDimensions) {
  const Comm world;
  const Mesh mesh = make_box(world, 2, {24, 20, 1});
  constexpr double pi = std::numbers::pi;
  const std::vector<double> density(std::size_t(mesh.local()), 2.0);
  std::vector<double> rate;
  for (std::int32_t i = 0; i < mesh.owned; ++i) {
    rate.push_back(std::cos(pi * (mesh.center[std::size_t(i)][0] + 0.5)));
  }
  // rho |k|^2 psi = rate with the discrete |k|; the mode's square has mean 1/2 on an area of 2.
  const double eigenvalue = std::pow(2 * 24 * std::sin(0.5 * pi / 24), 2);
  EXPECT_NEAR(min_kinetic_energy(mesh, density, rate), 0.5 * 2 / (2 * eigenvalue), 1e-10);
}

/// To the last bit: transforms by planes and columns of their own, and sums that have no order.
TEST(Geodesic, HasTheSameBitsOnAnyNumberOfRanks) {
  const Comm world, alone(MPI_COMM_SELF);
  for (int d = 1; d <= 3; ++d) {
    const auto solve = [&](const Comm& comm, std::vector<double>& middle) {
      const std::int64_t n = d == 3 ? 7 : 17;
      const Mesh mesh = make_box(comm, d, {n, n - 1, n - 2});
      Geodesic geodesic(mesh, gaussian(mesh, -0.1, 0.13), gaussian(mesh, 0.15, 0.1),
                        {.intervals = 6, .tolerance = 2e-2, .max_iterations = 100});
      const GeodesicReport report = geodesic.solve();
      middle = GlobalOrder(mesh).to_slab(geodesic.midpoint());
      if (comm.size() > 1) {
        int rows = int(middle.size());
        std::vector<int> counts(std::size_t(comm.size())), from(counts);
        MPI_Allgather(&rows, 1, MPI_INT, counts.data(), 1, MPI_INT, comm.handle());
        for (std::size_t r = 1; r < from.size(); ++r) from[r] = from[r - 1] + counts[r - 1];
        std::vector<double> all(std::size_t(mesh.global_cells));
        MPI_Allgatherv(middle.data(), rows, MPI_DOUBLE, all.data(), counts.data(), from.data(),
                       MPI_DOUBLE, comm.handle());
        middle = all;
      }
      return report;
    };
    std::vector<double> here, there;
    const GeodesicReport one = solve(alone, there), all = solve(world, here);
    EXPECT_EQ(all.iterations, one.iterations);
    EXPECT_EQ(all.squared, one.squared);
    EXPECT_EQ(all.lower, one.lower);
    EXPECT_EQ(all.upper, one.upper);
    EXPECT_EQ(here, there);
  }
}
