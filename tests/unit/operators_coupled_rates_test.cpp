// Rates fitted simplex by simplex: means of exponentials, rest, symmetry, sign and the limit of a line.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "../../src/operators/coupled_rates.h"
#include "otto/linear/shifted_solver.h"
#include "otto/tables/quadrature.h"
#include "scenario.h"

namespace otto::test {
namespace {

/// The mean of e^U over a simplex in Duffy's coordinates, by Gauss's rule of 5 points in each of 6
/// intervals along each: the corners weigh 1 - a, a (1 - b), a b (1 - c), a b c.
double by_quadrature(const std::vector<double>& u) {
  GaussRule rule;
  for (int part = 0; part < 6; ++part) {
    for (std::size_t q = 0; q < 5; ++q) {
      rule.node.push_back((part + gauss_legendre(5).node[q]) / 6);
      rule.weight.push_back(gauss_legendre(5).weight[q] / 6);
    }
  }
  const std::size_t points = rule.node.size();
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < points; ++i) {
    const double a = rule.node[i];
    for (std::size_t j = 0; j < (u.size() > 2 ? points : 1); ++j) {
      const double b = u.size() > 2 ? rule.node[j] : 0;
      for (std::size_t k = 0; k < (u.size() > 3 ? points : 1); ++k) {
        const double c = u.size() > 3 ? rule.node[k] : 0;
        double w = rule.weight[i] * std::pow(a, double(u.size()) - 2);
        double U = (1 - a) * u[0] + a * (1 - b) * u[1];
        if (u.size() > 2) {
          w *= rule.weight[j];
          U += a * b * (1 - c) * u[2];
        }
        if (u.size() > 3) {
          w *= rule.weight[k] * b;
          U += a * b * c * u[3];
        }
        sum += w * std::exp(U);
        weight += w;
      }
    }
  }
  return sum / weight;
}

TEST(CoupledRates, MeansOfExponentialsAreThoseOfQuadrature) {
  std::mt19937 random(20260611);
  for (const double size : {1e-9, 1e-3, 0.3, 0.99, 1.01, 4.0}) {
    for (std::size_t corners = 2; corners <= 4; ++corners) {
      std::vector<double> u(corners);
      std::uniform_real_distribution<double> value(-size, 0);
      for (double& x : u) x = value(random);
      u[random() % corners] = 0;
      EXPECT_NEAR(mean_of_exp(u), by_quadrature(u), 1e-13) << corners << " " << size;
    }
  }
}

/// Of values that are far apart, by divided differences in long double.
TEST(CoupledRates, MeansAreExactToRounding) {
  std::mt19937 random(77);
  std::uniform_real_distribution<double> gap(0.2, 30);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> u{0};
    for (int i = 1; i < 2 + trial % 3; ++i) u.push_back(u.back() - gap(random));
    long double sum = 0, factorial = 1;
    for (std::size_t i = 2; i < u.size(); ++i) factorial *= (long double)i;
    for (std::size_t i = 0; i < u.size(); ++i) {
      long double product = 1;
      for (std::size_t j = 0; j < u.size(); ++j) {
        if (j != i) product *= (long double)u[i] - (long double)u[j];
      }
      sum += std::exp((long double)u[i]) / product;
    }
    EXPECT_NEAR(mean_of_exp(u) / double(factorial * sum), 1, 2e-14) << trial;
    for (std::size_t i = 0; i < u.size(); ++i) std::swap(u[i], u[random() % u.size()]);
    EXPECT_NEAR(mean_of_exp(u) / double(factorial * sum), 1, 2e-14) << trial;
  }
}

std::string text_of(const std::string& mesh, const std::string& V) {
  return "[mesh]\nkind = \"gmsh\"\ncontrol_volumes = \"medians\"\nfile = \"" OTTO_SOURCE_DIR "/" +
         mesh +
         ".msh\"\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.7\n[[energy]]\nkind = "
         "\"external\"\nexpression = \"" +
         V +
         "\"\n[initial]\nkind = \"uniform\"\n[time]\nscheme = \"tr_bdf2\"\nstep = 0.01\nend = "
         "0.05\n";
}

/// However steep V is, and where couplings are negative: pi is at rest, rates are in detailed balance,
/// and the quadratic form of the generator has a sign.
TEST(CoupledRates, AreReversibleAndDissipativeOnAnyMesh) {
  std::mt19937 random(4711);
  std::normal_distribution<double> normal;
  for (const char* mesh : {"tests/meshes/field/ball", "tests/meshes/field/square_layer_quads",
                           "tests/meshes/field/periodic_xy", "tests/meshes/field/box_periodic"}) {
    for (const char* steep : {"1", "20"}) {
      const Scenario s(text_of(mesh, std::string(steep) + "*cos(2*pi*x)*sin(2*pi*y+z*2*pi)"));
      const std::vector<double> pi = gibbs_weights(s.generator);
      const auto forward = s.generator.forward(), backward = s.generator.backward();
      const Faces& faces = s.mesh.faces;
      double negative = 0;
      for (std::size_t f = 0; f < forward.size(); ++f) {
        const double there = forward[f] * pi[std::size_t(faces.left[f])],
                     back = backward[f] * pi[std::size_t(faces.right[f])];
        EXPECT_NEAR(there, back, 1e-11 * std::abs(there) + 1e-300);
        negative += forward[f] < 0;
      }
      EXPECT_TRUE(negative > 0 || !std::string(mesh).ends_with("ball"));
      std::vector<double> out(std::size_t(s.mesh.owned));
      for (int trial = 0; trial < 20; ++trial) {
        std::vector<double> u(std::size_t(s.mesh.local())), rho(u.size());
        for (double& x : u) x = normal(random);
        s.mesh.halo.update(s.mesh.comm, u);
        for (std::size_t i = 0; i < u.size(); ++i) rho[i] = pi[i] * u[i];
        s.generator.apply(rho, out);
        double form = 0, size = 0;
        for (std::size_t i = 0; i < out.size(); ++i) {
          form += u[i] * out[i];
          size += std::abs(u[i] * out[i]);
        }
        EXPECT_LE(s.mesh.comm.sum(form), 1e-12 * s.mesh.comm.sum(size)) << mesh;
      }
    }
  }
}

/// A drift that is minus the gradient of a linear V: the same rates.
TEST(CoupledRates, OfALinearPotentialAreThoseOfItsDrift) {
  const char* mesh = "tests/meshes/field/ball";
  const Scenario potential(text_of(mesh, "3*x - 7*y + 2*z")),
      drift(text_of(mesh, "0") + "[drift]\nexpression = [\"-3\", \"7\", \"-2\"]\n");
  for (std::size_t f = 0; f < potential.generator.forward().size(); ++f) {
    const double a = potential.generator.forward()[f], b = drift.generator.forward()[f];
    EXPECT_NEAR(a, b, 1e-9 * (1 + std::abs(a)));
  }
}

}  // namespace
}  // namespace otto::test
