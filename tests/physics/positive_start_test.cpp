// Starts that are not 0 beside what absorbs: second-order schemes keep their order, the sign and the balance of mass.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "otto/time/stepper.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string march(const std::string& scheme, double step, const char* more = "") {
  return "[time]\nscheme = \"" + scheme + "\"\nstep = " + std::to_string(step) +
         "\nend = 0.1\n[solver]\nrtol = 1e-12\n" + more;
}

const std::string physics =
    "[[energy]]\nkind = \"entropy\"\ntemperature = 1\n[initial]\nkind = \"uniform\"\n"
    "[[energy]]\nkind = \"external\"\nexpression = \"2*x\"\n";
const std::string line = "[mesh]\nlower = [0]\nupper = [1]\ncells = [160]\n" + physics;
const std::string square = "[mesh]\nlower = [0, 0]\nupper = [1, 1]\ncells = [30, 28]\n" + physics;

/// The density at the end; mass and sign hold on the way.
std::vector<double> end_of(const std::string& text) {
  Scenario s(text);
  State state = s.initial();
  const double start = integral(s.mesh, state.density);
  s.run(state);
  double leaves = 0;
  for (const double out : s.records.back().exchanged) leaves += out;
  EXPECT_GE(*std::ranges::min_element(state.density), 0);
  if (!s.generator.supplies()) {
    EXPECT_NEAR(integral(s.mesh, state.density) + leaves, start, 1e-12);
  }
  state.density.resize(std::size_t(s.mesh.owned));
  return state.density;
}

/// Orders of both schemes between so many steps and twice as many.
void expect_second_order(const std::string& problem, int steps) {
  const std::vector<double> exact = end_of(problem + march("tr_bdf2", 0.1 / (8 * steps)));
  for (const char* scheme : {"tr_bdf2", "bdf2"}) {
    std::vector<double> errors;
    for (const int n : {steps, 2 * steps}) {
      const std::vector<double> rho = end_of(problem + march(scheme, 0.1 / n));
      double sum = 0;
      for (std::size_t k = 0; k < rho.size(); ++k) sum += std::abs(rho[k] - exact[k]);
      errors.push_back(Comm().sum(sum));
    }
    EXPECT_GE(std::log2(errors[0] / errors[1]), 1.65) << scheme << "\n" << problem;
  }
}

TEST(PositiveStart, SecondOrderBesideWhatAbsorbs) {
  expect_second_order(line + "[boundary]\nabsorbing = [\"x_min\"]\n", 24);
  expect_second_order(line + "[boundary.value]\nx_min = \"0.1*t\"\n", 24);
  expect_second_order(line +
                          "[[set]]\nname = \"A\"\nexpression = \"0.1 - abs(x - 0.4)\"\n[boundary]\n"
                          "absorbing = [\"A\"]\n",
                      24);
}

TEST(PositiveStart, SecondOrderInThePlaneWithADrift) {
  expect_second_order(
      square +
          "[[set]]\nname = \"A\"\nexpression = \"0.04 - (x - 0.5)^2 - (y - 0.4)^2\"\n[boundary]\n"
          "absorbing = [\"A\", \"y_max\"]\n[drift]\nexpression = [\"0.5 - y\", \"x - 0.5\"]\n",
      12);
}

/// Cells of a set lose all they hold within a few steps: what is extrapolated below 0 there is not taken from others.
TEST(PositiveStart, ShortStepsBesideASet) {
  const auto run = [](const char* scheme, const char* step) {
    return end_of(
        std::string(
            "[mesh]\nlower = [-0.9435634]\nupper = [1.4962352]\ncells = [94]\n[[energy]]\nkind = "
            "\"entropy\"\n"
            "temperature = 0.236\n[[energy]]\nkind = \"external\"\nexpression = "
            "\"x^2\"\n[initial]\n"
            "kind = \"uniform\"\n[[set]]\nname = \"A\"\nexpression = \"0.2 - abs(x - 0.1)\"\n"
            "[boundary]\nabsorbing = [\"A\"]\n[solver]\nrtol = 1e-12\n[time]\nend = 0.0125\nscheme "
            "= \"") +
        scheme + "\"\nstep = " + step + "\n");
  };
  const std::vector<double> exact = run("tr_bdf2", "3.125e-6");
  for (const char* scheme : {"tr_bdf2", "bdf2"}) {
    const std::vector<double> rho = run(scheme, "5e-5");
    double sum = 0;
    for (std::size_t k = 0; k < rho.size(); ++k)
      sum += std::abs(rho[k] - exact[k]) / double(rho.size());
    EXPECT_LT(sum, 1e-5) << scheme;
  }
}

/// Undershoots in the tails of a smooth density and in a drift that carries mass out are the scheme's own: nothing is
/// taken again.
TEST(PositiveStart, OtherUndershootsAreLeftAlone) {
  const std::string out = "[boundary]\nabsorbing = [\"x_max\"]\n";
  const std::string carried =
      "[mesh]\nlower = [0]\nupper = [1]\ncells = [300]\n[[energy]]\nkind = \"entropy\"\n"
      "temperature = 0.01\n[drift]\nexpression = [\"3\"]\n[initial]\nkind = ";
  for (const std::string& start :
       {std::string("\"uniform\"\n"),
        std::string("\"gaussian\"\nmean = [0.2]\nvariance = 0.0025\n")}) {
    Scenario s(carried + start + out + march("tr_bdf2", 0.0125));
    State state = s.initial();
    s.run(state);
    for (const StepRecord& r : s.records) {
      EXPECT_EQ(r.fallback, fallback::none) << r.step;
    }
  }
}

}  // namespace
}  // namespace otto::test
