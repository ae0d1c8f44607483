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
const std::string line = "[mesh]\nlower = [0]\nupper = [1]\ncells = [200]\n" + physics;
const std::string square = "[mesh]\nlower = [0, 0]\nupper = [1, 1]\ncells = [40, 36]\n" + physics;

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

double order(const std::string& problem, const std::string& scheme, int steps) {
  const std::vector<double> exact = end_of(problem + march("tr_bdf2", 0.1 / (32 * steps)));
  std::vector<double> errors;
  for (const int n : {steps, 2 * steps}) {
    const std::vector<double> rho = end_of(problem + march(scheme, 0.1 / n));
    double sum = 0;
    for (std::size_t k = 0; k < rho.size(); ++k) sum += std::abs(rho[k] - exact[k]);
    errors.push_back(Comm().sum(sum));
  }
  return std::log2(errors[0] / errors[1]);
}

TEST(PositiveStart, SecondOrderBesideWhatAbsorbs) {
  const std::string side = "[boundary]\nabsorbing = [\"x_min\"]\n",
                    value = "[boundary.value]\nx_min = \"0.1*t\"\n",
                    set =
                        "[[set]]\nname = \"A\"\nexpression = \"0.1 - abs(x - 0.4)\"\n[boundary]\n"
                        "absorbing = [\"A\"]\n";
  for (const char* scheme : {"tr_bdf2", "bdf2"}) {
    for (const std::string& out : {side, value, set}) {
      EXPECT_GE(order(line + out, scheme, 32), 1.7) << scheme << "\n" << out;
    }
  }
}

TEST(PositiveStart, SecondOrderInThePlaneWithADrift) {
  const std::string set =
      "[[set]]\nname = \"A\"\nexpression = \"0.04 - (x - 0.5)^2 - (y - 0.4)^2\"\n[boundary]\n"
      "absorbing = [\"A\", \"y_max\"]\n[drift]\nexpression = [\"0.5 - y\", \"x - 0.5\"]\n";
  EXPECT_GE(order(square + set, "tr_bdf2", 16), 1.65);
  EXPECT_GE(order(square + set, "bdf2", 16), 1.65);
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
