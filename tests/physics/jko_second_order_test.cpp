// The proximal schemes of second order: their order for nonlinear free energies and uneven steps,
// and what they promise of every step, however long.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "scenario.h"

namespace otto::test {
namespace {

const std::string start = R"(
[mesh]
kind = "box"
lower = [-1.0]
upper = [1.0]
cells = [64]
[initial]
kind = "expression"
expression = "1 + cos(pi*x)/2 + sin(pi*x/2)*0.3"
[time]
scheme = "jko"
end = 0.2
[solver]
rtol = 1e-11
[[energy]]
kind = "external"
expression = "x/2"
)";

const std::string entropy = "[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n";
const std::vector<std::pair<std::string, std::string>> energies{
    {"power", "[[energy]]\nkind = \"power\"\nexponent = 2.0\n"},
    {"entropy and power", entropy + "[[energy]]\nkind = \"power\"\nexponent = 3.0\n"},
    {"interaction", entropy + "[[energy]]\nkind = \"interaction\"\nlibrary = \"quadratic\"\n"}};

/// Runs, and checks mass, sign and free energy of every step.
std::vector<double> run_checked(const std::string& toml, const std::vector<std::string>& settings) {
  Scenario s(toml, settings);
  State state = s.initial();
  (void)s.run(state);
  const double mass = s.records.front().ledger.mass;
  double F = s.records.front().ledger.free_energy;
  for (const StepRecord& r : s.records) {
    EXPECT_NEAR(r.ledger.mass / mass, 1, 1e-13) << r.step;
    EXPECT_GE(r.ledger.min_density, 0) << r.step;
    EXPECT_LE(r.ledger.free_energy, F + 2e-13 * std::abs(F)) << r.step;
    F = r.ledger.free_energy;
  }
  return state.density;
}

double l1(const std::string& toml, const std::vector<double>& a, const std::vector<double>& b) {
  return Scenario(toml).l1(a, b);
}

/// Order from the differences of runs with three steps, each half of the one before, and outputs
/// every `cut` steps.
double order(const std::string& toml, const std::string& scheme, double step, double cut = 0) {
  std::vector<double> before;
  double last = 0, result = 0;
  for (int level = 0; level < 3; ++level, step *= 0.5) {
    const std::vector<double> density =
        run_checked(toml, {"time.scheme=" + scheme, fmt::format("time.step={:.17g}", step),
                           fmt::format("output.every={:.17g}", cut * step)});
    if (level > 0) {
      const double difference = l1(toml, density, before);
      result = std::log2(last / difference);
      last = difference;
    }
    before = density;
  }
  return result;
}

TEST(JkoSecondOrder, ForNonlinearFreeEnergies) {
  for (const auto& [name, terms] : energies) {
    for (const char* scheme : {"jko_bdf2", "jko_midpoint"}) {
      const double p = order(start + terms, scheme, 0.01);
      EXPECT_GE(p, 1.9) << name << ", " << scheme;
      EXPECT_LE(p, 2.3) << name << ", " << scheme;
    }
  }
}

/// Every third step is half as long as the others.
TEST(JkoSecondOrder, WithUnevenSteps) {
  for (const auto& [name, terms] : energies) {
    for (const char* scheme : {"jko_bdf2", "jko_midpoint"}) {
      EXPECT_GE(order(start + terms, scheme, 0.01, 2.5), 1.9) << name << ", " << scheme;
    }
  }
}

/// From a narrow Gaussian with steps far beyond any order.
TEST(JkoSecondOrder, StepsOfAnyLengthKeepEveryPromise) {
  const std::string well = R"(
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [24, 20]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "2*(x^2 - 1)^2 + 2*y^2 + 0.3*x*y"
[initial]
kind = "gaussian"
mean = [-1.0, 0.0]
variance = 0.1
[time]
end = 1.0
)";
  for (const char* scheme : {"jko", "jko_bdf2", "jko_midpoint"}) {
    for (const auto& [step, end] :
         {std::pair{0.002, 0.05}, {0.05, 2.0}, {1.0, 20.0}, {10.0, 50.0}}) {
      (void)run_checked(well, {fmt::format("time.scheme={}", scheme),
                               fmt::format("time.step={}", step), fmt::format("time.end={}", end)});
    }
  }
}

}  // namespace
}  // namespace otto::test
