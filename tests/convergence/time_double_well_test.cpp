// Relaxation in a double well, V = 2 (x^2 - 1)^2 + 2 y^2 on [-2, 2]^2 from a Gaussian at (-1, 0), to
// t = 1: how much time error so many solves leave. Measured against a tight exponential run on the
// same grid.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "otto/time/exponential_action.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string well = R"(
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [128, 128]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "2*(x^2 - 1)^2 + 2*y^2"
[initial]
kind = "gaussian"
mean = [-1.0, 0.0]
variance = 0.05
[time]
step = 1.0
end = 1.0
)";

class DoubleWell : public testing::Test {
 protected:
  static const std::vector<double>& exact() {
    static const std::vector<double> density = [] {
      Scenario s(well, {"time.scheme=exponential", "time.tolerance=1e-11"});
      State state = s.initial();
      s.run(state);
      return state.density;
    }();
    return density;
  }

  static double error(const std::vector<std::string>& settings) {
    Scenario s(well, settings);
    State state = s.initial();
    s.run(state);
    return s.l1(state.density, exact());
  }
};

TEST_F(DoubleWell, ExponentialReachesItsToleranceInFewSolves) {
  Scenario s(well);
  ShiftedSolver solver(s.generator, {});
  ExponentialAction action(s.generator, solver);
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    State state = s.initial();
    const ActionReport report = action.advance(
        std::span(state.density).first(std::size_t(s.mesh.owned)), 1, 0.2, tolerance);
    EXPECT_EQ(report.reached, 1);
    EXPECT_LE(report.solves, 20);
    const double off = s.l1(state.density, exact());
    EXPECT_LE(off, tolerance);
    EXPECT_LE(off, report.error_estimate);
  }
}

TEST_F(DoubleWell, ExponentialAnswersDoNotDependOnTheOutputs) {
  EXPECT_LE(error({"time.scheme=exponential", "time.tolerance=1e-8", "output.every=0.13"}), 1e-8);
}

TEST_F(DoubleWell, TrBdf2IsAccurateInSixAndTwentyTwoSteps) {
  EXPECT_LE(error({"time.scheme=tr_bdf2", fmt::format("time.step={}", 1.0 / 6)}), 2e-4);
  EXPECT_LE(error({"time.scheme=tr_bdf2", fmt::format("time.step={}", 1.0 / 22)}), 1.2e-5);
}

TEST_F(DoubleWell, ImplicitEulerHasTheErrorItIsKnownFor) {
  EXPECT_NEAR(error({"time.step=0.01"}), 6.8e-4, 0.1e-4);
}

}  // namespace
}  // namespace otto::test
