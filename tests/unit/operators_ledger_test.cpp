// The ledger against sums in extended precision, and at the edges.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "otto/operators/ledger.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string toml = R"(
[mesh]
kind = "box"
lower = [-1.0, 0.0]
upper = [1.0, 1.5]
cells = [61, 37]
periodic = [true, false]
[[energy]]
kind = "entropy"
temperature = 0.7
[[energy]]
kind = "external"
expression = "3*cos(pi*x) + y"
)";

TEST(Ledger, SumsAreThoseOfExtendedPrecision) {
  Scenario s(toml);
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-60, 3);
  std::vector<double> density(static_cast<std::size_t>(s.mesh.owned));
  for (double& r : density) r = std::exp(exponent(random));
  const State state = s.with_ghosts(density);
  const std::vector<double>& rho = state.density;
  const Ledger l = ledger(s.generator, rho, true);

  long double mass = 0, F = 0, D = 0;
  const auto V = s.generator.external();
  for (std::size_t i = 0; i < density.size(); ++i) {
    mass += (long double)s.mesh.volume[i] * rho[i];
    F += (long double)s.mesh.volume[i] * rho[i] * (0.7L * std::log((long double)rho[i]) + V[i]);
  }
  for (std::size_t f = 0; f < s.mesh.faces.left.size(); ++f) {
    const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
    const bool inside = s.mesh.faces.left[f] < s.mesh.owned && s.mesh.faces.right[f] < s.mesh.owned;
    const long double flux = (long double)s.generator.forward()[f] * rho[K] -
                             (long double)s.generator.backward()[f] * rho[L];
    const long double drop =
        0.7L * (std::log((long double)rho[K]) - std::log((long double)rho[L])) + V[K] - V[L];
    D += (inside ? 1.0L : 0.5L) * flux * drop;
  }
  EXPECT_NEAR(double(l.mass / mass), 1, 1e-15);
  EXPECT_NEAR(double(l.free_energy / F), 1, 5e-15);
  EXPECT_NEAR(double(l.dissipation / D), 1, 1e-13);
  EXPECT_EQ(l.min_density, *std::min_element(density.begin(), density.end()));
  EXPECT_EQ(l.max_density, *std::max_element(density.begin(), density.end()));
  EXPECT_TRUE(l.finite);
  EXPECT_EQ(ledger(s.generator, rho, false).free_energy, l.free_energy);
  EXPECT_EQ(ledger(s.generator, rho, false).dissipation, 0);
}

TEST(Ledger, EmptyCellsGiveFiniteNumbers) {
  Scenario s(toml);
  std::vector<double> density(static_cast<std::size_t>(s.mesh.owned), 0.0);
  const Ledger empty = ledger(s.generator, s.with_ghosts(density).density, true);
  EXPECT_EQ(empty.mass, 0);
  EXPECT_EQ(empty.free_energy, 0);
  EXPECT_EQ(empty.dissipation, 0);
  for (std::size_t i = 0; i < density.size(); i += 3) density[i] = 1;
  const Ledger holes = ledger(s.generator, s.with_ghosts(density).density, true);
  EXPECT_TRUE(holes.finite);
  EXPECT_TRUE(std::isfinite(holes.dissipation));
  EXPECT_GT(holes.dissipation, 0);
  // the least density that counts as different, in place of nothing: the term is what it tends to
  std::vector<double> nearly = density;
  for (double& r : nearly) r = std::max(r, std::numeric_limits<double>::epsilon());
  const Ledger limit = ledger(s.generator, s.with_ghosts(nearly).density, true);
  EXPECT_NEAR(holes.dissipation / limit.dissipation, 1, 1e-12);
  EXPECT_EQ(holes.min_density, 0);
}

TEST(Ledger, DissipationVanishesAtTheGibbsState) {
  Scenario s(toml + "[initial]\nkind = \"gibbs\"\n");
  std::vector<double> pi;
  for (std::int32_t i = 0; i < s.mesh.owned; ++i) {
    pi.push_back(std::exp(-s.generator.external()[std::size_t(i)] / 0.7));
  }
  const Ledger l = ledger(s.generator, s.with_ghosts(pi).density, true);
  EXPECT_GE(l.dissipation, 0);
  EXPECT_LE(l.dissipation, 1e-25);
}

TEST(Ledger, NoticesWhatIsNotFinite) {
  Scenario s(toml);
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    for (const std::size_t cell : {0, 7, 1000, 61 * 37 - 1}) {
      std::vector<double> density(static_cast<std::size_t>(s.mesh.owned), 1.0);
      density[cell] = bad;
      EXPECT_FALSE(ledger(s.generator, s.with_ghosts(density).density, true).finite);
    }
  }
}

const std::string nonlinear_toml = R"(
[mesh]
kind = "box"
lower = [-1.0, 0.0]
upper = [1.0, 1.5]
cells = [9, 7]
periodic = [false, true]
[[energy]]
kind = "power"
exponent = 3.0
[[energy]]
kind = "external"
expression = "x"
[[energy]]
kind = "interaction"
library = "quadratic"
strength = 0.5
)";

TEST(Ledger, OfNonlinearEnergiesIsTheSumOfTheirTerms) {
  Scenario s(nonlinear_toml);
  std::vector<double> density(static_cast<std::size_t>(s.mesh.owned));
  for (std::size_t i = 0; i < density.size(); ++i)
    density[i] = i % 4 == 0 ? 0 : 0.1 * double(i % 5);
  const State state = s.with_ghosts(density);
  const Ledger l = ledger(s.generator, state.density, true);
  double F = 0, D = 0;
  std::vector<double> mu(density.size());
  for (std::size_t K = 0; K < density.size(); ++K) {
    double W = 0;
    for (std::size_t L = 0; L < density.size(); ++L) {
      const double x = s.mesh.center[K][0] - s.mesh.center[L][0];
      double y = std::abs(s.mesh.center[K][1] - s.mesh.center[L][1]);
      y = std::min(y, 1.5 - y);
      W += 0.25 * (x * x + y * y) * s.mesh.volume[L] * density[L];
    }
    const double r = density[K], V = s.mesh.center[K][0];
    F += s.mesh.volume[K] * (r * r * r / 2 + V * r + 0.5 * r * W);
    mu[K] = 1.5 * r * r + V + W;
  }
  for (std::size_t f = 0; f < s.mesh.faces.left.size(); ++f) {
    const auto K = std::size_t(s.mesh.global[std::size_t(s.mesh.faces.left[f])]);
    const auto L = std::size_t(s.mesh.global[std::size_t(s.mesh.faces.right[f])]);
    const bool inside = s.mesh.faces.left[f] < s.mesh.owned && s.mesh.faces.right[f] < s.mesh.owned;
    const double rho = mu[K] > mu[L] ? density[K] : density[L];
    D += (inside ? 1.0 : 0.5) * s.mesh.faces.transmissibility[f] * rho * std::pow(mu[K] - mu[L], 2);
  }
  EXPECT_NEAR(l.free_energy / F, 1, 1e-13);
  EXPECT_NEAR(l.dissipation / D, 1, 1e-12);
  EXPECT_EQ(l.min_density, 0);
  density[5] = std::numeric_limits<double>::quiet_NaN();
  const Ledger bad = ledger(s.generator, s.with_ghosts(density).density, true);
  EXPECT_FALSE(bad.finite);
  EXPECT_TRUE(std::isnan(bad.mass));
  EXPECT_TRUE(std::isnan(bad.free_energy));
  EXPECT_TRUE(std::isnan(bad.dissipation));
}

TEST(Ledger, OfMixedEnergiesIsFiniteWithEmptyAndFullCells) {
  std::string text = nonlinear_toml + "[[energy]]\nkind = \"entropy\"\ntemperature = 0.3\n" +
                     "[[energy]]\nkind = \"crowd\"\nmaximum = 0.4\n";
  Scenario s(text);
  std::vector<double> density(static_cast<std::size_t>(s.mesh.owned), 0.0);
  EXPECT_EQ(ledger(s.generator, s.with_ghosts(density).density, true).dissipation, 0);
  for (std::size_t i = 0; i < density.size(); ++i) density[i] = 0.2 * double(i % 3);
  const Ledger l = ledger(s.generator, s.with_ghosts(density).density, true);
  EXPECT_TRUE(std::isfinite(l.free_energy));
  EXPECT_TRUE(std::isfinite(l.dissipation));
  EXPECT_GT(l.dissipation, 0);
  density[0] = 0.5;
  EXPECT_EQ(ledger(s.generator, s.with_ghosts(density).density, false).free_energy,
            std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace otto::test
