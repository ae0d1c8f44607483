// Derivatives of every objective against central differences, the invariances of the exact
// likelihood, and log Z against importance sampling.

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "otto/core/random.h"
#include "training.h"

namespace otto {
namespace {

using namespace test;

// Four points, fourth order, steps of 2e-4 in every parameter: 1e-13 of a fifth derivative from the
// formula, 1e-12 from rounding. The objectives with a sampler hold its law fixed, as the gradient
// does.
TEST(Gradient, OfEveryObjective) {
  for (const ObjectiveEntry& entry : all_objectives()) {
    Trained t(Comm(), cube(2, 3, 24), two_bumps, small_mlp(2, 3), options_of(entry.name, 100));
    (void)t.run(3);
    std::vector<double> g;
    (void)t.objective->value_and_gradient(g);
    const std::vector<double> theta = t.theta();
    for (std::uint64_t direction = 0; direction < 3; ++direction) {
      std::vector<double> s(theta.size()), unused;
      for (std::size_t i = 0; i < s.size(); ++i) s[i] = RandomAt(direction, 9, i).normal()[0];
      const auto at = [&](double e) {
        std::vector<double> moved = theta;
        for (std::size_t i = 0; i < s.size(); ++i) moved[i] += e * s[i];
        t.set(moved);
        return t.objective->value_and_gradient(unused);
      };
      constexpr double e = 2e-4;
      const double slope = (at(-2 * e) - 8 * at(-e) + 8 * at(e) - at(2 * e)) / (12 * e);
      const double exact = std::inner_product(g.begin(), g.end(), s.begin(), 0.0);
      const double size = std::sqrt(std::inner_product(g.begin(), g.end(), g.begin(), 0.0) *
                                    std::inner_product(s.begin(), s.end(), s.begin(), 0.0));
      EXPECT_NEAR(slope, exact, 1e-7 * std::abs(exact) + 1e-9 * size) << entry.name;
    }
    t.set(theta);
  }
}

TEST(Invariance, OfConstants) {
  Trained t(Comm(), cube(2, 3, 24), two_bumps, small_mlp(2, 3),
            options_of("maximum_likelihood", 1));
  const double kl = t.model.kl(t.data.mass), log_z = t.model.log_z();
  const std::vector<double> p = t.model.mass();
  std::vector<double> U = t.model.energy();
  for (double& u : U) u += 1234.5;
  t.model.set(U);
  EXPECT_NEAR(t.model.log_z(), log_z - 1234.5, 1e-11);
  EXPECT_NEAR(t.model.kl(t.data.mass), kl, 1e-11);  // U itself has lost 1e-13
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(t.model.mass()[i], p[i], 1e-11 * p[i]);
}

// The Poisson solves of the metric are good to 1e-8, and their multigrid knows x from y: that much
// of KL's decrease may differ on the way. The end does not depend on the metric.
TEST(Invariance, OfAxes) {
  const auto turned = [](Point x) { return two_bumps({x[1], x[0], 0}); };
  const TrainOptions options = options_of("wasserstein_natural", 8);
  Trained a(Comm(), cube(2, 6, 32), two_bumps, quadratic(2, {1.3, 0.2, 0.2, 0.8}), options);
  Trained b(Comm(), cube(2, 6, 32), turned, quadratic(2, {0.8, 0.2, 0.2, 1.3}), options);
  const auto first = a.run(8), second = b.run(8);
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_NEAR(first[i], second[i], 1e-8 * first[0]);
  EXPECT_NEAR(first.back(), second.back(), 1e-13);
  const auto A = a.theta(), B = b.theta();
  EXPECT_NEAR(A[0], B[3], 1e-9);
  EXPECT_NEAR(A[1], B[2], 1e-9);
  EXPECT_NEAR(A[3], B[0], 1e-9);
}

// Z = volume of the box times the mean of e^-U over uniform points.
TEST(LogZ, AgainstImportanceSampling) {
  const Comm world;
  Trained t(world, cube(2, 3, 256), two_bumps, small_mlp(2, 3),
            options_of("wasserstein_natural", 4));
  (void)t.run(4);
  constexpr std::int64_t all = 10'000'000, batch = 100'000;
  double sum = 0, squares = 0;
  std::vector<Point> points(batch);
  std::vector<double> U(batch);
  for (std::int64_t first = 0; first < all; first += batch) {
    if ((first / batch) % world.size() != world.rank()) continue;
    for (std::int64_t i = 0; i < batch; ++i) {
      const auto u = RandomAt(5, 1, std::uint64_t(first + i)).uniform();
      points[std::size_t(i)] = {6 * u[0] - 3, 6 * u[1] - 3, 0};
    }
    t.network->evaluate(points, U);
    for (const double u : U) {
      sum += std::exp(-u);
      squares += std::exp(-2 * u);
    }
  }
  const double n = double(all), mean = world.sum(sum) / n;
  const double error = std::sqrt((world.sum(squares) / n - mean * mean) / n) / mean;
  EXPECT_LT(error, 1e-2);
  EXPECT_NEAR(std::log(36 * mean), t.model.log_z(), 3 * error);
}

// The same run on all ranks together and on every rank alone.
TEST(Ranks, SameHistory) {
  const Comm world;
  const TrainOptions options = options_of("wasserstein_natural", 50);
  Trained together(world, cube(2, 3, 32), two_bumps, small_mlp(2, 3), options);
  Trained alone(Comm(MPI_COMM_SELF), cube(2, 3, 32), two_bumps, small_mlp(2, 3), options);
  const auto a = together.run(50), b = alone.run(50);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-8) << i;
  for (std::size_t i = 1; i < a.size(); ++i) EXPECT_LE(a[i], a[i - 1]) << i;
  EXPECT_LT(a.back(), 1e-3);
}

}  // namespace
}  // namespace otto
