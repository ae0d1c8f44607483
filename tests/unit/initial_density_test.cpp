// Initial and exact densities: their cell averages, their mass and what is refused.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "energy_support.h"
#include "otto/flux/two_point.h"
#include "otto/initial/initial.h"

namespace otto {
namespace {

const std::string entropy = "[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n";

std::vector<double> initial(const std::string& lines, const Mesh& mesh,
                            const std::string& energies = entropy) {
  const Case c = case_of("[initial]\n" + lines + "\n" + energies);
  return initial_density(c, mesh, make_free_energy(c.sections("energy"), mesh));
}

void expect_refused(const std::string& lines, const std::vector<std::string>& words,
                    int dimension = 2) {
  const Mesh mesh = cube(dimension, -1, 1, 4);
  expect_error([&] { (void)initial(lines, mesh); }, words);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = std::max(difference, std::abs(a[i] - b[i]));
  return difference;
}

TEST(InitialDensity, EveryKindHasTheMassAsked) {
  const std::string kinds[] = {
      "kind = \"uniform\"", "kind = \"gibbs\"", "kind = \"expression\"\nexpression = \"1 + x^2\"",
      "kind = \"gaussian\"\nmean = [0.2, 0.1]\nvariance = 0.3",
      "kind = \"gaussian\"\nmean = [0.2, 0.1]\ncovariance = [0.3, 0.1, 0.1, 0.2]"};
  const std::string energies =
      entropy + "[[energy]]\nkind = \"external\"\nexpression = \"1e4*x^2 - 1e5\"\n";
  const Mesh mesh = cube(2, -1, 1, 16);
  for (const std::string& kind : kinds) {
    for (const double mass : {1.0, 2.5}) {
      const auto rho = initial(kind + "\nmass = " + std::to_string(mass), mesh, energies);
      EXPECT_EQ(rho.size(), static_cast<std::size_t>(mesh.owned));
      EXPECT_NEAR(integral(mesh, rho), mass, 1e-13) << kind;
    }
    EXPECT_NEAR(integral(mesh, initial(kind, mesh, energies)), 1, 1e-14) << kind;
  }
}

// The scaled error function for the averages of a Gaussian on cells wide and narrow, near the mean
// and 30 deviations away, against extended precision.
TEST(InitialDensity, GaussianAveragesAreExactOnEveryCell) {
  for (const double deviation : {0.02, 0.3, 5.0}) {
    Box box;
    box.nodes[0] = graded_nodes(-1, 2, 300, 1e-4);
    const Mesh mesh = make_box_mesh(Comm(MPI_COMM_SELF), box);
    const auto rho = initial(
        "kind = \"gaussian\"\nmean = 0.3\nvariance = " + std::to_string(deviation * deviation),
        mesh);
    const long double s =
        std::sqrt(static_cast<long double>(std::stod(std::to_string(deviation * deviation)))) *
        std::numbers::sqrt2_v<long double>;
    std::vector<long double> exact;
    long double mass = 0;
    for (std::size_t i = 0; i < rho.size(); ++i) {
      const long double a = box.nodes[0][i] - 0.3L, b = box.nodes[0][i + 1] - 0.3L;
      const long double part = a > 0   ? std::erfc(a / s) - std::erfc(b / s)
                               : b < 0 ? std::erfc(-b / s) - std::erfc(-a / s)
                                       : std::erf(b / s) - std::erf(a / s);
      exact.push_back(part / (b - a));
      mass += part;
    }
    for (std::size_t i = 0; i < rho.size(); ++i) {
      const double expected = static_cast<double>(exact[i] / mass);
      // 30 deviations out the condition number of exp(-z^2/2) alone is 900.
      if (expected > 1e-200) {
        EXPECT_NEAR(rho[i] / expected, 1, 1e-12) << deviation << " cell " << i;
      }
    }
  }
}

TEST(InitialDensity, GaussianProductsAgreeWithQuadrature) {
  const Mesh plane = cube(2, -2, 2, 64);
  EXPECT_LT(largest_difference(
                initial("kind = \"gaussian\"\nmean = [0.2, -0.3]\nvariance = [0.4, 0.2]", plane),
                initial("kind = \"expression\"\nexpression = "
                        "\"exp(-(x-0.2)^2/0.8 - (y+0.3)^2/0.4)\"",
                        plane)),
            1e-13);
  const Mesh space = cube(3, -2, 2, 24);
  EXPECT_LT(largest_difference(
                initial("kind = \"gaussian\"\nmean = [0.2, -0.3, 0.0]\nvariance = 0.5", space),
                initial("kind = \"expression\"\nexpression = "
                        "\"exp(-(x-0.2)^2 - (y+0.3)^2 - z^2)\"",
                        space)),
            1e-8);
}

// A rotated covariance: the moments of the cell values are the moments of the Gaussian.
TEST(InitialDensity, CorrelatedGaussianHasItsMoments) {
  const Mesh mesh = cube(2, -8, 8, 128);
  const auto rho =
      initial("kind = \"gaussian\"\nmean = [0.5, -0.25]\ncovariance = [1.0, 0.6, 0.6, 0.8]", mesh);
  double m[2] = {0, 0}, xx = 0, xy = 0, yy = 0;
  for (std::size_t c = 0; c < rho.size(); ++c) {
    const double w = mesh.volume[c] * rho[c], x = mesh.center[c][0], y = mesh.center[c][1];
    m[0] += w * x;
    m[1] += w * y;
    xx += w * x * x;
    xy += w * x * y;
    yy += w * y * y;
  }
  const double sheppard = 0.125 * 0.125 / 12;  // what grouping into cells adds (Sheppard)
  EXPECT_NEAR(m[0], 0.5, 1e-12);
  EXPECT_NEAR(m[1], -0.25, 1e-12);
  EXPECT_NEAR(xx - m[0] * m[0], 1.0 + sheppard, 1e-10);
  EXPECT_NEAR(xy - m[0] * m[1], 0.6, 1e-10);
  EXPECT_NEAR(yy - m[1] * m[1], 0.8 + sheppard, 1e-10);
}

TEST(InitialDensity, GaussiansWrapAroundPeriodicAxes) {
  const Mesh mesh = cube(1, 0, 1, 32, Comm(MPI_COMM_SELF), true);
  const auto at_the_side = initial("kind = \"gaussian\"\nmean = 0.0\nvariance = 0.01", mesh);
  const auto elsewhere = initial("kind = \"gaussian\"\nmean = 7.0\nvariance = 0.01", mesh);
  const auto inside = initial("kind = \"gaussian\"\nmean = 0.5\nvariance = 0.01", mesh);
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_NEAR(at_the_side[i], inside[(i + 16) % 32], 1e-12);
    EXPECT_NEAR(at_the_side[i], elsewhere[i], 1e-12);
    EXPECT_NEAR(at_the_side[i], at_the_side[31 - i], 1e-12);
  }
  // The wrapped normal of variance v is 1 + 2 sum_k exp(-2 pi^2 k^2 v) cos(2 pi k x).
  const double v = 0.1, wave = 2 * M_PI;
  const auto wide = initial("kind = \"gaussian\"\nmean = 0.0\nvariance = 0.1", mesh);
  for (std::size_t i = 0; i < 32; ++i) {
    double expected = 1;
    for (int k = 1; k < 6; ++k) {
      const double a = wave * k * static_cast<double>(i) / 32, b = a + wave * k / 32;
      expected +=
          2 * std::exp(-0.5 * wave * wave * k * k * v) * (std::sin(b) - std::sin(a)) / (b - a);
    }
    EXPECT_NEAR(wide[i], expected, 1e-13);
  }
  for (const double r : initial("kind = \"gaussian\"\nmean = 0.0\nvariance = 1e6", mesh)) {
    EXPECT_NEAR(r, 1, 1e-15);
  }
  const Mesh plane = cube(2, 0, 1, 32, Comm(MPI_COMM_SELF), true);
  EXPECT_LT(largest_difference(
                initial("kind = \"gaussian\"\nmean = [0.1, 0.9]\nvariance = [0.02, 0.1]", plane),
                initial("kind = \"gaussian\"\nmean = [1.1, -0.1]\n"
                        "covariance = [0.02, 1e-15, 1e-15, 0.1]",
                        plane)),
            1e-10);
}

TEST(InitialDensity, GibbsIsAtRestUnderFluxesWithDetailedBalance) {
  const std::string energies =
      entropy + "[[energy]]\nkind = \"external\"\nlibrary = \"muller_brown\"\nstrength = 0.02\n";
  Box box;
  box.dimension = 2;
  box.nodes = {graded_nodes(-1.5, 1.2, 48, 1), graded_nodes(-0.2, 2, 48, 1), {0, 1}};
  const Mesh mesh = make_box_mesh(Comm(MPI_COMM_SELF), box);
  const Case c = case_of("[initial]\nkind = \"gibbs\"\n" + energies);
  const FreeEnergy energy = make_free_energy(c.sections("energy"), mesh);
  const auto rho = initial_density(c, mesh, energy);
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, 0, V);
  for (const TwoPointFlux* flux : all_fluxes()) {
    if (!flux->detailed_balance()) continue;
    for (std::size_t f = 0; f < mesh.faces.left.size(); ++f) {
      const auto left = static_cast<std::size_t>(mesh.faces.left[f]);
      const auto right = static_cast<std::size_t>(mesh.faces.right[f]);
      const double s = (V[right] - V[left]) / energy.temperature();
      double with = 0, against = 0;
      flux->weights(std::span(&s, 1), std::span(&with, 1), std::span(&against, 1));
      EXPECT_LE(std::abs(with * rho[left] - against * rho[right]), 1e-13 * with * rho[left]);
    }
  }
}

TEST(InitialDensity, IsRefusedWhereItIsNoDensity) {
  expect_refused("kind = \"expression\"\nexpression = \"x\"",
                 {"test.toml:2", "(-0.75, -0.75)", "-0.75"});
  expect_refused("kind = \"expression\"\nexpression = \"sqrt(x)\"", {"nan", "(-0.75, -0.75)"});
  expect_refused("kind = \"expression\"\nexpression = \"0\"", {"mass 0"});
  expect_refused("kind = \"expression\"", {"expression"});
  expect_refused("kind = \"expression\"\nexpression = \"exp(-q)\"", {"test.toml:3", "q"});
  expect_refused("kind = \"gaussian\"\nmean = [900.0, 0.0]\nvariance = 0.1", {"mass 0"});
  expect_refused("kind = \"gaussian\"\nmean = [0.0]\nvariance = 0.1", {"test.toml:3", "mean", "2"});
  expect_refused("kind = \"gaussian\"\nmean = [0.0, 0.0]\nvariance = [0.1, 0.1, 0.1]",
                 {"test.toml:4", "variance"});
  expect_refused("kind = \"gaussian\"\nmean = [0.0, 0.0]\nvariance = 0.0", {"test.toml:4"});
  expect_refused("kind = \"gaussian\"\nmean = [0.0, 0.0]", {"variance", "covariance"});
  expect_refused("kind = \"gaussian\"\nmean = [0.0, 0.0]\ncovariance = [1.0, 2.0, 2.0, 1.0]",
                 {"test.toml:4", "positive definite"});
  expect_refused("kind = \"uniform\"\nmass = 0.0", {"mass"});
  expect_refused("kind = \"uniform\"\nvariance = 1.0", {"test.toml:3", "variance"});
  const Mesh mesh = cube(1, 0, 1, 4);
  const Case none = case_of(entropy);
  expect_error(
      [&] { (void)initial_density(none, mesh, make_free_energy(none.sections("energy"), mesh)); },
      {"test.toml", "[initial]"});
}

// Cancellation in an expression that is never negative is no reason to stop.
TEST(InitialDensity, RoundingBelowZeroIsZero) {
  const Mesh mesh = cube(1, 0, 1, 8);
  const auto rho =
      initial("kind = \"expression\"\nexpression = \"x < 0.5 ? 1 : (x + 0.1) - x - 0.1\"", mesh);
  for (std::size_t i = 4; i < 8; ++i) {
    EXPECT_GE(rho[i], 0);
    EXPECT_LT(rho[i], 1e-15);
  }
}

TEST(ExactDensity, IsTheCellAverageAtTheTime) {
  const Mesh mesh = cube(1, 0, 2, 8);
  EXPECT_FALSE(exact_density(case_of(entropy), mesh, 0));
  const Case c = case_of("[exact]\ndensity = \"t*x^4 - 1\"\n");
  const auto rho = exact_density(c, mesh, 3);
  ASSERT_TRUE(rho);
  for (std::size_t i = 0; i < 8; ++i) {
    const double a = 0.25 * static_cast<double>(i), b = a + 0.25;
    EXPECT_NEAR((*rho)[i], 3 * (std::pow(b, 5) - std::pow(a, 5)) / 5 / 0.25 - 1, 1e-13);
  }
  const Case bad = case_of("[exact]\ndensity = \"1/(x - x)\"\n");
  expect_error([&] { (void)exact_density(bad, mesh, 0.5); }, {"test.toml:2", "time 0.5"});
}

}  // namespace
}  // namespace otto
