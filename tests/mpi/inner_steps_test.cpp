// JKO steps in inner steps do not depend on how the mesh is cut, walls or periodic, any weights.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "scenario.h"

namespace otto::test {
namespace {

std::string box(const char* weights, double kappa, bool periodic) {
  return fmt::format(
      "[mesh]\nkind = \"box\"\nlower = [-2.0, -2.0]\nupper = [2.0, 2.0]\ncells = [16, 12]\n"
      "periodic = [{}, false]\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n"
      "[[energy]]\nkind = \"external\"\nexpression = \"2*cos(pi*x/2) + y^2\"\n"
      "[initial]\nkind = \"gaussian\"\nmean = [-0.5, 0.3]\nvariance = 0.3\n"
      "[time]\nscheme = \"jko\"\nstep = 0.1\nend = 0.1\nweights = \"{}\"\nkappa = {:.1f}\n"
      "inner_steps = 2\n[solver]\nrtol = 1e-13\n",
      periodic, weights, kappa);
}

TEST(InnerStepsInParallel, GiveTheDensityOfOneRank) {
  struct Kind {
    const char* weights;
    double kappa;
    bool periodic;
  };
  for (const auto& [weights, kappa, periodic] :
       {Kind{"upwind", 1, false}, Kind{"centred", 1, true}, Kind{"blend", 0.5, false}}) {
    Scenario whole(box(weights, kappa, periodic), {}, Comm(MPI_COMM_SELF));
    Scenario part(box(weights, kappa, periodic));
    State all = whole.initial(), mine = part.initial();
    (void)whole.run(all);
    (void)part.run(mine);
    EXPECT_EQ(part.records.back().rejected, 0);
    for (std::size_t k = 0; k < std::size_t(part.mesh.owned); ++k) {
      const double expected = all.density[std::size_t(part.mesh.global[k])];
      EXPECT_NEAR(mine.density[k], expected, 1e-10 * expected) << weights << " " << kappa;
    }
  }
}

}  // namespace
}  // namespace otto::test
