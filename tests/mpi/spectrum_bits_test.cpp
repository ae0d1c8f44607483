// Rates and modes have the same bits on any number of ranks as on one.

#include <gtest/gtest.h>

#include "otto/analysis/spectrum.h"
#include "otto/linear/shifted_solver.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string well(const char* cells, const char* strength) {
  return std::string("[mesh]\nlower = [-2, -2]\nupper = [2, 2]\ncells = ") + cells +
         "\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
         "expression = \"" +
         strength + "*(x^2-1)^2 + 2*y^2\"\n[initial]\nkind = \"gibbs\"\n";
}

void expect_same_modes(const std::string& toml, const SpectrumOptions& options) {
  const Scenario all(toml), one(toml, {}, Comm(MPI_COMM_SELF));
  const auto modes = [&](const Scenario& s) {
    ShiftedSolver solver(s.generator, {.reproducible = options.reproducible});
    return slowest_modes(s.generator, solver, options);
  };
  const Spectrum of_all = modes(all), of_one = modes(one);
  ASSERT_EQ(of_all.modes.size(), of_one.modes.size());
  EXPECT_EQ(of_all.iterations, of_one.iterations);
  for (std::size_t i = 0; i < of_all.modes.size(); ++i) {
    const Mode &a = of_all.modes[i], &b = of_one.modes[i];
    EXPECT_EQ(a.rate, b.rate) << i;
    EXPECT_EQ(a.corrected, b.corrected) << i;
    EXPECT_EQ(a.error, b.error) << i;
    EXPECT_EQ(a.coarseness, b.coarseness) << i;
    for (std::size_t k = 0; k < a.shape.size(); ++k) {
      ASSERT_EQ(a.shape[k], b.shape[std::size_t(all.mesh.global[k])]) << i << " " << k;
    }
  }
}

TEST(SameBits, RatesAndModes) {
  expect_same_modes(well("[26, 19]", "2"), {.count = 4});
  expect_same_modes(well("[20, 12]", "2") + "[boundary]\nabsorbing = [\"x_max\"]\n", {.count = 3});
}

/// Wells deeper than 22 kT, whose modes come from capacities.
TEST(SameBits, RatesOfDeepWells) {
  expect_same_modes(well("[40, 16]", "30"), {.count = 2, .reproducible = true});
}

}  // namespace
}  // namespace otto::test
