// Mass and sign after a solve: 200 random states with empty patches, tiny and negative values.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "otto/core/error.h"
#include "otto/mesh/box.h"
#include "otto/time/mass_positivity_limiter.h"

namespace otto {
namespace {

Mesh small_mesh() {
  Box box;
  box.dimension = 2;
  box.nodes[0] = graded_nodes(0, 1, 23, 3);
  box.nodes[1] = graded_nodes(0, 2, 17, 1);
  return make_box_mesh(Comm(), box);
}

TEST(MassPositivityLimiter, RestoresMassAndSignExactly) {
  const Mesh mesh = small_mesh();
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(0, 1), exponent(-700, 0);
  // Three sums of n terms are compared, each off by a random walk of n half roundings; how far
  // depends on how many of them the processor adds at once.
  const double rounding =
      0.5 * std::numeric_limits<double>::epsilon() * std::sqrt(3.0 * mesh.owned);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> before(static_cast<std::size_t>(mesh.owned));
    for (double& r : before) {
      const double kind = uniform(random);
      r = kind < 0.3   ? 0.0
          : kind < 0.4 ? 1e-300
          : kind < 0.5 ? std::exp(exponent(random))
                       : uniform(random);
    }
    MassPositivityLimiter keeper(mesh, 1e-8);
    keeper.start(before);
    // what a solve to 1e-8 may return: noise of either sign
    std::vector<double> after = before;
    for (double& r : after) r += 1e-9 * (uniform(random) - 0.5);
    const std::vector<double> solved = after;
    ASSERT_EQ(keeper.limit(after, 0), "");
    double change = 0, negative = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      ASSERT_GE(after[i], 0);
      change += mesh.volume[i] * std::abs(after[i] - solved[i]);
      negative += mesh.volume[i] * std::max(-solved[i], 0.0);
    }
    EXPECT_NEAR(integral(mesh, after) / keeper.mass(), 1, rounding);
    const double off = std::abs(integral(mesh, solved) - keeper.mass());
    EXPECT_LE(change, 2 * negative + off + 1e-15);
  }
}

TEST(MassPositivityLimiter, LeavesAGoodStateAlone) {
  const Mesh mesh = small_mesh();
  std::vector<double> rho(static_cast<std::size_t>(mesh.owned), 1.0 / 3);
  rho[5] = 0;
  rho[6] = 5e-324;
  const std::vector<double> before = rho;
  MassPositivityLimiter keeper(mesh, 1e-8);
  keeper.start(rho);
  EXPECT_EQ(keeper.limit(rho, 0), "");
  EXPECT_EQ(rho, before);
}

TEST(MassPositivityLimiter, RefusesWhatATolerantSolveCannotExplain) {
  const Mesh mesh = small_mesh();
  const std::vector<double> rho(static_cast<std::size_t>(mesh.owned), 1.0);
  MassPositivityLimiter keeper(mesh, 1e-8);
  keeper.start(rho);
  std::vector<double> heavier = rho;
  for (double& r : heavier) r *= 1 + 1e-5;
  const std::vector<double> copy = heavier;
  EXPECT_NE(keeper.limit(heavier, 0).find("mass"), std::string::npos);
  EXPECT_EQ(heavier, copy);

  std::vector<double> negative = rho;
  for (std::size_t i = 0; i < negative.size(); i += 2) negative[i] = -0.2;
  const double factor = keeper.mass() / integral(mesh, negative);
  for (double& r : negative) r *= factor;
  EXPECT_NE(keeper.limit(negative, 0).find("negative"), std::string::npos);
}

TEST(MassPositivityLimiter, NamesTheCellThatIsNotFinite) {
  const Mesh mesh = small_mesh();
  std::vector<double> rho(static_cast<std::size_t>(mesh.owned), 1.0);
  MassPositivityLimiter keeper(mesh, 1e-8);
  keeper.start(rho);
  rho[29] = std::numeric_limits<double>::quiet_NaN();
  try {
    (void)keeper.limit(rho, 0.5);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), ExitStatus::numerical);
    EXPECT_NE(std::string(e.what()).find("cell 29 "), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("0.5"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace otto
