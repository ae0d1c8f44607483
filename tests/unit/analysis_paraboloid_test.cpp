// The nearest point of the inside of a paraboloid, held to the conditions that define it.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "../../src/geodesic/paraboloid.h"

using namespace otto;

TEST(Paraboloid, NearestPointMeetsItsConditions) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> exponent(-6, 3);
  std::bernoulli_distribution below(0.5);
  for (const double gamma : {1e-4, 0.1, 30.0}) {
    std::vector<double> a, S;
    for (int i = 0; i < 2000; ++i) {
      a.push_back((below(random) ? -1 : 1) * std::pow(10, exponent(random)));
      S.push_back(std::pow(10, exponent(random)));
    }
    for (const double guess : {0.0, 1.0, 1e4}) {
      std::vector<double> lambda(a.size(), guess);
      project_onto_paraboloid(std::int64_t(a.size()), a.data(), S.data(), gamma, lambda.data());
      for (std::size_t i = 0; i < a.size(); ++i) {
        const double t = 1 + lambda[i] / gamma;
        const double excess = a[i] - lambda[i] + 0.5 * S[i] / (t * t);
        const double scale = std::abs(a[i]) + 0.5 * S[i] + gamma;
        ASSERT_GE(lambda[i], 0);
        if (lambda[i] > 0) {
          ASSERT_NEAR(excess, 0, 1e-9 * scale) << a[i] << " " << S[i] << " " << gamma;
        } else {
          ASSERT_LE(excess, 1e-9 * scale);
        }
      }
    }
  }
}
