// Random numbers against the published ones of their authors; particles against the exact law of
// the scheme, which for U = a x^2/2 is Gaussian at every step.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/core/random.h"
#include "otto/learn/langevin.h"

namespace otto {
namespace {

TEST(Random, IsPhilox) {
  // Random123's known answers for philox4x32 with 10 rounds
  using Bits = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox({0, 0, 0, 0}, 0), (Bits{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0U, ~0U, ~0U, ~0U}, ~std::uint64_t{0}),
            (Bits{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
            (Bits{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, NormalNumbersHaveTheMomentsOfOne) {
  constexpr int n = 200000;
  double mean = 0, square = 0, fourth = 0, product = 0;
  for (int i = 0; i < n; ++i) {
    const auto x = RandomAt(7, 3, std::uint64_t(i)).normal();
    mean += x[0] / n;
    square += x[0] * x[0] / n;
    fourth += std::pow(x[1], 4) / n;
    product += x[0] * x[1] / n;
  }
  const double sigma = 1 / std::sqrt(double(n));  // of the mean; 4.5 of them are one in 1e5
  EXPECT_NEAR(mean, 0, 4.5 * sigma);
  EXPECT_NEAR(square, 1, 4.5 * std::sqrt(2.0) * sigma);
  EXPECT_NEAR(fourth, 3, 4.5 * std::sqrt(96.0) * sigma);
  EXPECT_NEAR(product, 0, 4.5 * sigma);
}

SlopeFunction spring(double a) {
  return [a](std::span<const Point> x, std::span<Point> slope) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) slope[i][c] = a * x[i][c];
    }
  };
}

TEST(Langevin, StepsAreThoseOfTheScheme) {
  constexpr int n = 100000, k = 7;
  constexpr double a = 1.5, h = 0.1, wide = 100;
  LangevinParticles particles({3, {-wide, -wide, -wide}, {wide, wide, wide}, {}},
                              std::vector<Point>(n, {1, -2, 3}), 0, 5);
  particles.advance(3, h, spring(a));
  particles.advance(k - 3, h, spring(a));
  double variance = 0;
  for (int j = 0; j < k; ++j) variance += 2 * h * std::pow(1 - a * h, 2 * j);
  for (std::size_t c = 0; c < 3; ++c) {
    double mean = 0, square = 0;
    for (const Point& x : particles.positions()) mean += x[c] / n;
    for (const Point& x : particles.positions()) square += (x[c] - mean) * (x[c] - mean) / n;
    EXPECT_NEAR(mean, Point({1, -2, 3})[c] * std::pow(1 - a * h, k), 4.5 * std::sqrt(variance / n));
    EXPECT_NEAR(square, variance, 4.5 * variance * std::sqrt(2.0 / n));
  }
}

TEST(Langevin, WallsAndPeriodsKeepTheUniformLaw) {
  const ParticleBox box{2, {-1, 0}, {2, 0.5}, {false, true}};
  auto particles = LangevinParticles::uniform(box, 100000, 0, 11);
  particles.advance(20, 0.05, spring(0));  // steps of about the size of the box
  std::array<double, 6> share{};
  for (const Point& x : particles.positions()) {
    ASSERT_TRUE(x[0] >= -1 && x[0] <= 2 && x[1] >= 0 && x[1] <= 0.5);
    share[std::size_t(std::min(2.0, x[0] + 1)) + (x[1] > 0.25 ? 3 : 0)] += 1e-5;
  }
  for (const double s : share) EXPECT_NEAR(s, 1.0 / 6, 4.5 * std::sqrt(5.0 / 36 / 1e5));
  EXPECT_NEAR(box.fold({2.25, 0.6})[0], 1.75, 1e-15);
  EXPECT_NEAR(box.fold({2.25, 0.6})[1], 0.1, 1e-15);
  EXPECT_NEAR(box.fold({-8.0, -1.7})[0], 0, 1e-14);  // 7 below: one whole lap of 6 and 1 more
  EXPECT_NEAR(box.fold({-8.0, -1.7})[1], 0.3, 1e-14);
}

TEST(Langevin, ParticlesDoNotDependOnTheirCompany) {
  const ParticleBox box{2, {-1, -1}, {1, 1}, {}};
  auto all = LangevinParticles::uniform(box, 9000, 0, 2);
  auto some = LangevinParticles::uniform(box, 3000, 5000, 2);
  all.advance(4, 0.01, spring(3));
  some.advance(1, 0.01, spring(3));
  LangevinParticles resumed(box, {some.positions().begin(), some.positions().end()}, 5000, 2);
  resumed.set_steps(some.steps());
  resumed.advance(3, 0.01, spring(3));
  for (std::size_t i = 0; i < 3000; ++i) {
    EXPECT_EQ(resumed.positions()[i], all.positions()[5000 + i]);
  }
}

// U = 9 x on (0, 1) between walls: exp(-U)/Z has the mean 1/9 - 1/(e^9 - 1). Particles drawn from it stay
// so under tested steps as long as the box is wide; without the test the mean is another one.
TEST(Langevin, MetropolisTestKeepsTheLawOfLongSteps) {
  constexpr int n = 40000;
  constexpr double a = 9, h = 0.05;
  const double mean = 1 / a - 1 / std::expm1(a);
  const auto slope = [](std::span<const Point> x, std::span<Point> at) {
    for (std::size_t i = 0; i < x.size(); ++i) at[i] = {a, 0, 0};
  };
  const auto energy = [](std::span<const Point> x, std::span<double> U) {
    for (std::size_t i = 0; i < x.size(); ++i) U[i] = a * x[i][0];
  };
  std::vector<Point> start;
  for (int i = 0; i < n; ++i) {  // quantiles of the law
    start.push_back({-std::log1p((i + 0.5) / n * std::expm1(-a)) / a, 0, 0});
  }
  const auto mean_after = [&](const EnergyFunction& test) {
    LangevinParticles particles({1, {0}, {1}, {}}, start, 0, 3);
    particles.advance(12, h, slope, test);
    double sum = 0;
    for (const Point& x : particles.positions()) sum += x[0] / n;
    return sum;
  };
  EXPECT_NEAR(mean_after(energy), mean, 4.5 / a / std::sqrt(double(n)));
  EXPECT_GT(std::abs(mean_after({}) - mean), 0.02);
}

}  // namespace
}  // namespace otto
