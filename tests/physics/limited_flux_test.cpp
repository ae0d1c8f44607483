// The limited flux: mass, sign, order in space against a flux of fourth order, walls, and what it is
// refused for.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/mesh/restrict.h"
#include "otto/operators/flux_limiter.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string carried(int cells, const std::string& flux, const std::string& scheme = "tr_bdf2",
                    double step = 0.002) {
  return "[mesh]\nkind = \"box\"\nlower = [-3.0]\nupper = [3.0]\ncells = [" +
         std::to_string(cells) +
         "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.05\n[[energy]]\nkind = \"external\"\n"
         "expression = \"cos(2*x) + 0.5*x^2\"\n[initial]\nkind = \"gaussian\"\nmean = [0.6]\n"
         "variance = 0.1\n[flux]\nkind = \"" +
         flux + "\"\n[time]\nscheme = \"" + scheme + "\"\nstep = " + std::to_string(step) +
         "\nend = 0.2\n";
}

TEST(LimitedFlux, IsMoreThanTwiceAsAccurateWhereTheDensityIsResolved) {
  Scenario fine(carried(768, "fourth_order"));
  State exact = fine.initial();
  fine.run(exact);
  std::vector<double> limited, fitted;
  for (const int cells : {48, 96, 192}) {
    for (const std::string flux : {"limited", "scharfetter_gummel"}) {
      Scenario s(carried(cells, flux));
      State state = s.initial();
      s.run(state);
      const auto reference = restrict_density(
          fine.mesh, std::span(exact.density).first(std::size_t(fine.mesh.owned)), s.mesh);
      (flux == "limited" ? limited : fitted).push_back(s.l1(state.density, reference));
    }
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(limited[i], 0.5 * fitted[i]);
  EXPECT_GT(std::log2(limited[1] / limited[2]), 1.6);
}

TEST(LimitedFlux, StaysPositiveForEveryStepOfImplicitEuler) {
  for (const double step : {0.002, 0.05, 0.2}) {
    Scenario s(carried(60, "limited", "implicit_euler", step), {"energy[1].temperature=0.001"});
    State state = s.initial();
    const double mass = integral(s.mesh, state.density);
    s.run(state, [](const State& now, const StepRecord&) {
      EXPECT_GE(*std::ranges::min_element(now.density), 0);
    });
    EXPECT_NEAR(integral(s.mesh, state.density), mass, 1e-12);
  }
}

TEST(LimitedFlux, LeavesWeightsPositiveForAnyDensity) {
  Scenario s(carried(60, "limited"), {"energy[1].temperature=0.001"});
  std::vector<double> rough(std::size_t(s.mesh.local()));
  for (std::size_t k = 0; k < rough.size(); ++k) {
    rough[k] = std::pow(10.0, 5 * std::sin(37.0 * double(s.mesh.global[k] + 1)));
  }
  s.mesh.halo.update(s.mesh.comm, rough);
  s.generator.limit(rough);
  EXPECT_TRUE(s.generator.monotone());
  for (const double g : s.generator.ratios().left) EXPECT_GE(g, -2);
}

/// Without a cell behind the face nothing is given back.
TEST(LimitedFlux, IsScharfetterAndGummelsBesideWalls) {
  Scenario s(carried(12, "limited")), plain(carried(12, "scharfetter_gummel"));
  s.generator.limit(s.initial().density);
  for (std::size_t f = 0; f < s.generator.forward().size(); ++f) {
    const auto K = s.mesh.global[std::size_t(s.mesh.faces.left[f])];
    if (K == 0) {
      EXPECT_EQ(s.generator.ratios().left[f], 0);
    }
    if (K == 10) {
      EXPECT_EQ(s.generator.ratios().right[f], 0);
    }
  }
}

TEST(LimitedFlux, IsRefusedWhereItDoesNotApply) {
  EXPECT_THROW((void)Scenario(carried(12, "limited", "bdf2")).make_stepper(), InputError);
  EXPECT_THROW(
      Scenario("[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR "/meshes/acute.msh\"\n" +
               carried(12, "limited").substr(carried(12, "limited").find("[[energy]]"))),
      InputError);
}

}  // namespace
}  // namespace otto::test
