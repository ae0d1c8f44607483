// Where the schemes come to rest. For q = N(0, 1) and U = a x^2 / 2 on a line, the gradient norm
// inflates the variance, a = 1 / (1 + 2 lambda), and every exact scheme returns a = 1. With an
// energy that cannot fit q, the exact schemes agree with maximum likelihood.

#include <gtest/gtest.h>

#include "training.h"

namespace otto {
namespace {

using namespace test;

// Sums over cells of width 0.1 of Gaussians are exact to rounding; the box cuts off e^(-36).
double rest_of(const std::string& objective, double lambda, std::int64_t iterations) {
  TrainOptions options = options_of(objective, iterations);
  options.penalty = lambda;
  options.tau = objective == "gradient_penalty" || objective == "fisher" ? 2 : lambda;
  Trained t(
      Comm(), cube(1, 12, 240), [](Point x) { return normal_density(x[0]); }, quadratic(1, {1.7}),
      options);
  (void)t.run(iterations);
  return t.theta()[0];
}

TEST(FixedPoint, GradientPenaltyInflatesTheVariance) {
  for (const double lambda : {0.05, 0.1, 0.5}) {
    EXPECT_NEAR(rest_of("gradient_penalty", lambda, 1500), 1 / (1 + 2 * lambda), 1e-6) << lambda;
  }
}

TEST(FixedPoint, TheExactSchemesDoNot) {
  // Proximal steps of length lambda contract by about (1 + lambda)^-2 each.
  for (const double lambda : {0.05, 0.1, 0.5}) {
    EXPECT_NEAR(rest_of("fisher", lambda, 1500), 1, 1e-6) << lambda;
    EXPECT_NEAR(rest_of("wasserstein_natural", lambda, 40), 1, 1e-6) << lambda;
    const auto steps = std::int64_t(12 / std::log(1 + lambda));
    EXPECT_NEAR(rest_of("jko", lambda, steps), 1, 1e-6) << lambda;
    EXPECT_NEAR(rest_of("second_order", lambda, steps), 1, 1e-6) << lambda;
  }
}

double best_kl(const std::string& objective, std::int64_t iterations, double penalty = 0) {
  TrainOptions options = options_of(objective, iterations);
  options.penalty = penalty;
  options.tau = 2;
  Trained t(Comm(), cube(2, 6, 48), two_bumps, quadratic(2, {1.3, 0.2, 0.2, 0.8}), options);
  return t.run(iterations).back();
}

TEST(Stationary, ProximalSchemesReachMaximumLikelihood) {
  const double kl = best_kl("maximum_likelihood", 1500);
  EXPECT_GT(kl, 1e-2);  // q is no normal law
  EXPECT_NEAR(best_kl("wasserstein_natural", 30), kl, 1e-6 * kl);
  EXPECT_NEAR(best_kl("jko", 30), kl, 1e-6 * kl);
  EXPECT_NEAR(best_kl("second_order", 40), kl, 1e-6 * kl);
}

// Of the second order in lambda as the minimum is quadratic: each halving divides it by 4 +
// O(lambda).
TEST(Stationary, ExcessOfTheGradientPenaltyIsQuadratic) {
  const double kl = best_kl("wasserstein_natural", 30);
  const double a = best_kl("gradient_penalty", 1000, 0.02) - kl;
  const double b = best_kl("gradient_penalty", 1000, 0.01) - kl;
  EXPECT_GT(b, 0);
  EXPECT_NEAR(a / b, 4, 0.3);
}

}  // namespace
}  // namespace otto
