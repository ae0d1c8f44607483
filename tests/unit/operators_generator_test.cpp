// The generator: mass, equilibrium, symmetry, drift, limits, and refusal of what is not finite.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "otto/core/error.h"
#include "otto/operators/generator.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string head = R"(
[mesh]
kind = "box"
lower = [-1.0, 0.0]
upper = [1.0, 1.5]
cells = [13, 9]
[[energy]]
kind = "entropy"
temperature = 0.7
)";
const std::string external =
    "[[energy]]\nkind = \"external\"\nexpression = \"3*x^2 + sin(4*y)*x\"\n";

std::vector<double> random_density(const Mesh& mesh) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> value(0, 1);
  std::vector<double> rho(static_cast<std::size_t>(mesh.local()));
  for (double& r : rho) r = value(random);
  mesh.halo.update(mesh.comm, rho);
  return rho;
}

template <class Numbers>
std::string numbers(const Numbers& x) {
  return fmt::format("[{}]", fmt::join(x, ", "));
}

std::vector<double> applied(const Generator& generator, std::span<const double> rho) {
  std::vector<double> out(static_cast<std::size_t>(generator.mesh().owned));
  generator.apply(rho, out);
  return out;
}

TEST(Generator, ApplyIsTheSumOfTheTwoPointFluxes) {
  for (const std::string flux : {"scharfetter_gummel", "square_root", "upwind", "centred"}) {
    for (const char* periodic : {"[false, false]", "[true, false]", "[true, true]"}) {
      Scenario s(head + external, {"flux.kind=" + flux, "mesh.periodic=" + std::string(periodic)});
      const Generator& g = s.generator;
      const std::vector<double> rho = random_density(s.mesh);
      std::vector<double> expected(static_cast<std::size_t>(s.mesh.local()));
      const TwoPointFlux& B = find_flux(flux);
      for (std::size_t f = 0; f < s.mesh.faces.left.size(); ++f) {
        const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
        const double rise[1] = {(g.external()[L] - g.external()[K]) / 0.7};
        double forward[1], backward[1];
        B.weights(rise, forward, backward);
        const double F =
            s.mesh.faces.transmissibility[f] * 0.7 * (forward[0] * rho[K] - backward[0] * rho[L]);
        expected[K] -= F;
        expected[L] += F;
      }
      const std::vector<double> out = applied(g, rho);
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) {
        EXPECT_NEAR(out[i], expected[i], 1e-12) << flux << periodic;
        sum += out[i];
      }
      EXPECT_NEAR(sum, 0, 1e-11) << "mass, " << flux << periodic;
    }
  }
}

TEST(Generator, SaysWhatItIs) {
  Scenario sg(head + external), upwind(head + external, {"flux.kind=upwind"}),
      centred(head + external, {"flux.kind=centred", "energy[1].temperature=0.01"}),
      drift(head + external + "[drift]\nexpression = [\"y\", \"-x\"]\n");
  EXPECT_TRUE(sg.generator.symmetric());
  EXPECT_TRUE(sg.generator.monotone());
  EXPECT_FALSE(upwind.generator.symmetric());
  EXPECT_TRUE(upwind.generator.monotone());
  EXPECT_FALSE(centred.generator.monotone());
  EXPECT_FALSE(drift.generator.symmetric());
  EXPECT_TRUE(drift.generator.monotone());
  double min = 1e300, max = -1e300;
  for (double v : sg.generator.external()) {
    min = std::min(min, v);
    max = std::max(max, v);
  }
  EXPECT_DOUBLE_EQ(sg.generator.range(), (max - min) / 0.7);
}

TEST(Generator, IsSelfAdjointWithDetailedBalance) {
  for (const char* flux : {"scharfetter_gummel", "square_root"}) {
    Scenario s(head + external, {"flux.kind=" + std::string(flux), "mesh.periodic=[true, false]"});
    const Generator& g = s.generator;
    for (std::size_t f = 0; f < g.forward().size(); ++f) {
      const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
      const double ratio = std::exp((g.external()[L] - g.external()[K]) / 0.7);
      EXPECT_NEAR(g.backward()[f] / g.forward()[f], ratio, 1e-13 * ratio);
    }
  }
}

TEST(Generator, GibbsIsAtRestForEveryFluxAndEveryLibraryEnergy) {
  for (const LibraryEntry& entry : external_library()) {
    // examples of parameters are planar
    const std::size_t d = entry.example.empty() ? entry.lower.size() : 2;
    const std::vector<int> cells(d, d > 2 ? 10 : 24);
    for (const TwoPointFlux* flux : all_fluxes()) {
      if (!flux->detailed_balance()) continue;
      const Scenario s(fmt::format(
          "[mesh]\nkind = \"box\"\nlower = {}\nupper = {}\ncells = {}\n"
          "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n"
          "[[energy]]\nkind = \"external\"\nlibrary = \"{}\"\n{}\n"
          "[flux]\nkind = \"{}\"\n",
          numbers(std::span(entry.lower).first(d)), numbers(std::span(entry.upper).first(d)),
          numbers(cells), entry.name, entry.example, flux->name()));
      const Generator& g = s.generator;
      double min = 1e300;
      for (double v : g.external()) min = std::min(min, v);
      std::vector<double> pi(g.external().begin(), g.external().end());
      for (double& p : pi) p = std::exp(min - p);
      const std::vector<double> residual = applied(g, pi);
      std::vector<double> gross(pi.size());
      for (std::size_t f = 0; f < g.forward().size(); ++f) {
        const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
        gross[K] += g.forward()[f] * pi[K];
        gross[L] += g.backward()[f] * pi[L];
      }
      for (std::size_t i = 0; i < residual.size(); ++i) {
        // relative to what passes through the cell; V itself is rounded, |V| eps in the exponent
        const double rounding = 1e-13 * (1 + std::abs(g.external()[i]));
        ASSERT_LE(std::abs(residual[i]), rounding * gross[i] + 1e-200)
            << entry.name << flux->name();
      }
    }
  }
}

TEST(Generator, DriftCarriesADensityAlongB) {
  // d_t rho = div(kT grad rho - rho b): with constant b and rho linear, M Q rho = -vol b.grad rho.
  Scenario s(head + "[drift]\nexpression = [\"0.3\", \"-0.2\"]\n");
  std::vector<double> rho(static_cast<std::size_t>(s.mesh.local()));
  for (std::size_t i = 0; i < rho.size(); ++i) {
    rho[i] = 1 + 0.5 * s.mesh.center[i][0] + 0.25 * s.mesh.center[i][1];
  }
  const std::vector<double> out = applied(s.generator, rho);
  const auto inside = std::size_t(6 + 13 * 4);
  EXPECT_NEAR(out[inside] / s.mesh.volume[inside], -(0.3 * 0.5 - 0.2 * 0.25), 1e-3);
}

TEST(Generator, WithoutEntropyTransportsUpwind) {
  const Mesh mesh = [] {
    Box box;
    box.nodes[0] = graded_nodes(0, 1, 4, 1);
    return make_box_mesh(Comm(), box);
  }();
  struct Slope final : ExternalEnergy {
    void evaluate(std::span<const Point> points, double, std::span<double> V) const override {
      for (std::size_t i = 0; i < points.size(); ++i) V[i] = -2 * points[i][0];
    }
  };
  std::vector<std::unique_ptr<ExternalEnergy>> terms;
  terms.push_back(std::make_unique<Slope>());
  const FreeEnergy energy(0, std::move(terms));
  const Generator g(mesh, energy, find_flux("scharfetter_gummel"));
  EXPECT_FALSE(g.symmetric());
  for (std::size_t f = 0; f < 3; ++f) {
    EXPECT_DOUBLE_EQ(g.forward()[f], 2);  // |b| times the area
    EXPECT_EQ(g.backward()[f], 0);
  }
}

TEST(Generator, RatesFollowTimeAndNothingElse) {
  Scenario still(head + external),
      moving(head + "[[energy]]\nkind = \"external\"\nexpression = \"x*t\"\n");
  const long version = still.generator.version();
  still.generator.set_time(3);
  EXPECT_EQ(still.generator.version(), version);
  EXPECT_TRUE(moving.generator.depends_on_time());
  const long before = moving.generator.version();
  moving.generator.set_time(2);
  EXPECT_GT(moving.generator.version(), before);
  const long after = moving.generator.version();
  moving.generator.set_time(2);
  EXPECT_EQ(moving.generator.version(), after);
  EXPECT_DOUBLE_EQ(moving.generator.external()[0], 2 * moving.mesh.center[0][0]);
}

TEST(Generator, NamesTheCellWhoseRateIsNotFinite) {
  Scenario s(head + "[[energy]]\nkind = \"external\"\nexpression = \"x/(1 - t)\"\n");
  try {
    s.generator.set_time(1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("cell"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace otto::test
