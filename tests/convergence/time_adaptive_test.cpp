// Adaptive steps end with the time error asked for: within a factor 3 of time.tolerance, and no
// more than half as much again above it. Measured against a tight exponential run on the same grid.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "scenario.h"

namespace otto::test {
namespace {

struct Flow {
  const char* name;
  std::string toml;
};

const std::vector<Flow> flows{// relaxes through modes of very different rates
                              {"double well", R"(
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [96, 96]
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
step = 0.001
end = 1.0
)"},
                              {"Ornstein-Uhlenbeck", R"(
[mesh]
kind = "box"
lower = [-8.0]
upper = [8.0]
cells = [256]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "x^2/2"
[initial]
kind = "gaussian"
mean = [-2.0]
variance = 0.25
[time]
step = 0.01
end = 2.0
)"},
                              // one mode only
                              {"exponential drift", R"toml(
[mesh]
kind = "box"
lower = [0.0]
upper = [1.0]
cells = [128]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "-x"
[initial]
kind = "expression"
expression = "exp(x/2)*(pi*cos(pi*x) + 0.5*sin(pi*x)) + pi*exp(x - 0.5)"
mass = 3.2741383671185713
[time]
step = 0.001
end = 0.25
)toml"}};

struct Result {
  std::vector<double> density;
  RunOutcome outcome;
};

Result run(const Flow& flow, const std::vector<std::string>& settings) {
  Scenario s(flow.toml, settings);
  State state = s.initial();
  const RunOutcome outcome = s.run(state);
  return {state.density, outcome};
}

TEST(AdaptiveSteps, EndWithTheErrorAskedFor) {
  for (const Flow& flow : flows) {
    const Result exact = run(flow, {"time.scheme=exponential", "time.step=1.0",
                                    "time.tolerance=1e-10", "solver.rtol=1e-12"});
    const Scenario grid(flow.toml);
    for (const char* scheme : {"tr_bdf2", "midpoint"}) {
      for (const double tolerance : {1e-2, 1e-3, 1e-4, 1e-5}) {
        const Result got = run(flow, {fmt::format("time.scheme={}", scheme), "time.adaptive=true",
                                      fmt::format("time.tolerance={}", tolerance)});
        const double off = grid.l1(got.density, exact.density);
        const std::string what = fmt::format("{}, {}, tolerance {}", flow.name, scheme, tolerance);
        EXPECT_LE(off, 1.5 * tolerance) << what;
        EXPECT_GE(off, tolerance / 3) << what;
        EXPECT_GE(got.outcome.last.error_estimate, 0.7 * off) << what;
        EXPECT_LE(got.outcome.steps, 40 * std::sqrt(1e-3 / tolerance)) << what;
      }
    }
  }
}

}  // namespace
}  // namespace otto::test
