// The free energy of a case: which terms it takes, what it refuses and how it says so.

#include <gtest/gtest.h>

#include <cmath>

#include "energy_support.h"
#include "otto/driver/problem.h"
#include "otto/energy/free_energy.h"

namespace otto {
namespace {

const std::string entropy = "[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n";

std::string external(const std::string& lines) {
  return "[[energy]]\nkind = \"external\"\n" + lines + "\n";
}

/// V of a case at every local cell of a mesh.
std::vector<double> external_of(const std::string& text, const Mesh& mesh, double t = 0) {
  const FreeEnergy energy = make_free_energy(case_of(text).sections("energy"), mesh);
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, t, V);
  return V;
}

void expect_refused(const std::string& text, const std::vector<std::string>& words,
                    int dimension = 1) {
  const Mesh mesh = cube(dimension, -1, 1, 4);
  expect_error([&] { (void)make_free_energy(case_of(text).sections("energy"), mesh); }, words);
}

TEST(FreeEnergy, IsTheSumOfItsTerms) {
  const Mesh mesh = cube(2, -1, 1, 4);
  const std::string text = entropy + external("expression = \"x^2 + 10*y\"") +
                           external("library = \"double_well\"\nbarrier = 2.0\nstrength = 3.0");
  const FreeEnergy energy = make_free_energy(case_of(text).sections("energy"), mesh);
  EXPECT_EQ(energy.temperature(), 0.5);
  EXPECT_FALSE(energy.depends_on_time());
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, 0, V);
  for (std::size_t c = 0; c < V.size(); ++c) {
    const auto [x, y, z] = mesh.center[c];
    const double well = 2 * (x * x - 1) * (x * x - 1) + 0.5 * y * y;
    EXPECT_NEAR(V[c], x * x + 10 * y + 3 * well, 1e-13);
  }
}

TEST(FreeEnergy, MayDependOnTime) {
  const Mesh mesh = cube(1, 0, 1, 4);
  const std::string text =
      entropy + external("expression = \"x*t\"\nstrength = 2.0") + external("library = \"flat\"");
  EXPECT_TRUE(make_free_energy(case_of(text).sections("energy"), mesh).depends_on_time());
  EXPECT_EQ(external_of(text, mesh, 3)[1], 2 * 0.375 * 3);
  EXPECT_FALSE(make_free_energy(case_of(entropy).sections("energy"), mesh).depends_on_time());
}

TEST(FreeEnergy, IsTheSameAcrossAPeriodicSide) {
  const Mesh mesh = cube(1, 0, 1, 4, Comm(MPI_COMM_SELF), true);
  ASSERT_GT(mesh.ghosts, 0);
  const std::vector<double> V = external_of(entropy + external("expression = \"x\""), mesh);
  for (std::size_t g = 4; g < V.size(); ++g) {
    EXPECT_EQ(V[g], V[static_cast<std::size_t>(mesh.global[g])]);
  }
}

TEST(FreeEnergy, HasAtMostOneEntropy) {
  expect_error([] { (void)energy_terms(case_of("[time]\nend = 1.0\n")); },
               {"test.toml", "[[energy]]", "entropy"});
  expect_refused(entropy + entropy, {"test.toml:5", "second entropy"});
  expect_refused("[[energy]]\nkind = \"entropy\"\n", {"test.toml", "temperature"});
  expect_refused("[[energy]]\nkind = \"entropy\"\ntemperature = 0.0\n",
                 {"test.toml:3", "temperature", "greater than 0"});
}

TEST(FreeEnergy, TakesOtherInternalTermsBesideOrInsteadOfTheEntropy) {
  const Mesh mesh = cube(1, -1, 1, 4);
  const std::string power = "[[energy]]\nkind = \"power\"\nexponent = 3.0\n";
  const std::string crowd = "[[energy]]\nkind = \"crowd\"\nmaximum = 1.5\n";
  const FreeEnergy plain =
      make_free_energy(case_of(entropy + external("library = \"flat\"")).sections("energy"), mesh);
  EXPECT_TRUE(plain.linear());
  EXPECT_EQ(plain.interaction(), nullptr);
  const FreeEnergy both =
      make_free_energy(case_of(entropy + power + crowd).sections("energy"), mesh);
  EXPECT_FALSE(both.linear());
  EXPECT_EQ(both.temperature(), 0.5);
  EXPECT_EQ(both.internal().maximum(), 1.5);
  EXPECT_TRUE(both.internal().keeps_positive());
  const FreeEnergy alone = make_free_energy(case_of(power).sections("energy"), mesh);
  EXPECT_EQ(alone.temperature(), 0);
  EXPECT_FALSE(alone.internal().keeps_positive());
  EXPECT_FALSE(
      make_free_energy(case_of(crowd + external("expression = \"x\"")).sections("energy"), mesh)
          .linear());
  const FreeEnergy transport =
      make_free_energy(case_of(external("expression = \"x\"")).sections("energy"), mesh);
  EXPECT_FALSE(transport.linear());
  EXPECT_TRUE(transport.external_only());
  EXPECT_FALSE(plain.external_only() || both.external_only() || alone.external_only());
}

TEST(FreeEnergy, RefusesInternalTermsWithoutMeaning) {
  const auto power = [](const std::string& m) {
    return "[[energy]]\nkind = \"power\"\nexponent = " + m + "\n";
  };
  expect_refused(power("1.0"), {"test.toml:3", "exponent", "entropy"});
  expect_refused(power("0.0"), {"test.toml:3", "exponent", "greater than 0"});
  expect_refused(power("-2"), {"test.toml:3", "exponent", "greater than 0"});
  expect_refused("[[energy]]\nkind = \"power\"\n", {"test.toml", "exponent"});
  expect_refused(power("2.0") + "strength = -1.0\n", {"test.toml:4", "strength", "convex"});
  expect_refused("[[energy]]\nkind = \"crowd\"\nmaximum = -1.0\n", {"test.toml:3", "maximum"});
  expect_refused("[[energy]]\nkind = \"internal\"\n",
                 {"They are", "entropy", "external", "power", "crowd"});
}

TEST(FreeEnergy, TakesOneSourcePerTerm) {
  expect_refused(entropy + external(""), {"test.toml:5", "expression", "library", "table"});
  expect_refused(entropy + external("library = \"flat\"\nexpression = \"x\""),
                 {"test.toml:5", "only one"});
  expect_refused(entropy + external("library = \"flatt\""), {"test.toml:6", "flatt", "flat"});
  expect_refused(entropy + external("expression = \"x +* 2\""), {"test.toml:6", "expression", "*"});
  expect_refused(entropy + external("library = \"banana\""), {"test.toml:6", "banana", "2", "1"});
  expect_refused(entropy + external("library = \"banana\""), {"banana", "has 3"}, 3);
  expect_refused(entropy + external("library = \"flat\"\nbarrier = 1.0"),
                 {"test.toml:7", "barrier"});
}

TEST(FreeEnergy, RefusesValuesThatAreNotFinite) {
  expect_refused(entropy + external("expression = \"1/(x - 0.25)\""),
                 {"test.toml:6", "energy.expression", "inf", "(0.25)"});
  expect_refused(entropy + external("expression = \"log(x + y)\""), {"nan", "(-0.75, -0.75)"}, 2);
  const Mesh mesh = cube(1, -1, 1, 4);
  const std::string later = entropy + external("expression = \"1/(1 - t)\"");
  expect_error([&] { (void)external_of(later, mesh, 1); }, {"inf", "time 1"});
  EXPECT_EQ(external_of(entropy + external("expression = \"1e200*x\""), mesh)[3], 0.75e200);
}

TEST(Drift, HasOneExpressionPerAxis) {
  EXPECT_EQ(make_drift(case_of(entropy).section("drift"), 2), nullptr);
  const Case c = case_of("[drift]\nexpression = [\"-y\", \"x*t\"]\n");
  const auto drift = make_drift(c.section("drift"), 2);
  ASSERT_EQ(drift->component.size(), 2u);
  EXPECT_FALSE(drift->component[0]->depends_on_time());
  EXPECT_TRUE(drift->component[1]->depends_on_time());
  const Point x{3, 4, 0};
  double b = 0;
  drift->component[1]->evaluate(std::span(&x, 1), 2, std::span(&b, 1));
  EXPECT_EQ(b, 6);
  expect_error([&] { (void)make_drift(c.section("drift"), 3); },
               {"test.toml:2", "2 entries", "3 axes"});
  expect_error(
      [] { (void)make_drift(case_of("[drift]\nexpression = [\"xx\"]\n").section("drift"), 1); },
      {"test.toml:2", "xx"});
}

}  // namespace
}  // namespace otto
