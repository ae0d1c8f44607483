// Densities from samples against sums over all pairs of samples, and their widths against what is known of normal ones.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "../../src/learn/data/sample_density.h"

namespace otto {
namespace {

Box line(std::int64_t cells, bool periodic = false, double half = 4) {
  Box box;
  box.nodes[0] = graded_nodes(-half, half, cells, 1);
  box.periodic[0] = periodic;
  return box;
}

std::vector<double> normal_samples(int count, double deviation) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal(0, deviation);
  std::vector<double> x(static_cast<std::size_t>(count));
  for (double& v : x) v = normal(random);
  return x;
}

SampleDensity density_of(const Box& box, const std::vector<double>& samples) {
  SampleDensity density(box);
  for (const double x : samples) density.add(std::array{x});
  return density;
}

double centre(double x, double cell) { return (std::floor(x / cell) + 0.5) * cell; }

TEST(SampleDensity, OneSampleIsANormal) {
  const auto q = density_of(line(800), {0.005}).masses({0.5});
  double sum = 0, mean = 0, square = 0;
  for (std::size_t i = 0; i < q.size(); ++i) {
    const double x = -4 + 0.01 * (double(i) + 0.5);
    sum += q[i];
    mean += q[i] * x;
    square += q[i] * x * x;
  }
  EXPECT_NEAR(sum, 1, 1e-14);
  EXPECT_NEAR(mean, 0.005, 1e-12);
  // that of a normal over intervals; 1e-7: the tails beyond six deviations
  EXPECT_NEAR(square - mean * mean, 0.25 + 0.01 * 0.01 / 12, 1e-7);
}

TEST(SampleDensity, WallsFoldAndPeriodsWrap) {
  const auto share = [](double low, double high, double c, double h) {
    const auto below = [h](double x) { return 0.5 * std::erfc(-x / (h * std::numbers::sqrt2)); };
    return below(high - c) - below(low - c);
  };
  const double c = -3.95;
  const auto folded = density_of(line(80), {c}).masses({0.7});
  const auto wrapped = density_of(line(80, true), {c}).masses({0.7});
  EXPECT_NEAR(folded[2], share(-3.8, -3.7, c, 0.7) + share(-3.8, -3.7, -8 - c, 0.7), 1e-8);
  EXPECT_NEAR(wrapped[79], share(-4.1, -4.0, c, 0.7), 1e-8);
  EXPECT_NEAR(folded[79], 0, 1e-12);
}

TEST(SampleDensity, LikelihoodIsThatUnderTheOthers) {
  const std::vector<double> x = normal_samples(300, 1);
  const double h = 0.35, cell = 0.01;
  double sum = 0;
  for (const double a : x) {
    double others = 0;
    for (const double b : x) {
      const double z = (centre(a, cell) - centre(b, cell)) / h;
      others += std::exp(-0.5 * z * z);
    }
    others -= 1;
    const double density = others / (299 * h * std::sqrt(2 * std::numbers::pi));
    sum += std::log(299.0 / 300 * density + 1.0 / 300 / 20);
  }
  EXPECT_NEAR(density_of(line(2000, false, 10), x).likelihood({h}), sum / 300, 1e-4);
}

TEST(SampleDensity, TheBestWidthIsALocalMaximumNearTheKnownOne) {
  const SampleDensity density = density_of(line(400), normal_samples(4000, 1));
  const double h = density.best_widths()[0], best = density.likelihood({h});
  EXPECT_NEAR(h / (1.06 * std::pow(4000, -0.2)), 1, 0.4);  // Silverman's, for the mean square error
  for (const double factor : {0.25, 0.5, 0.7, 1.4, 2.0, 4.0}) {
    EXPECT_GT(best, density.likelihood({factor * h})) << factor;
  }
}

/// Alone under the normals of the others they would ask for a width of a third of their distance.
TEST(SampleDensity, SamplesFarFromAllOthersLeaveTheWidth) {
  std::vector<double> x = normal_samples(4000, 0.5);
  const double h = density_of(line(800), x).best_widths()[0];
  x.insert(x.end(), {-3.7, 3.3, 3.9});
  EXPECT_NEAR(density_of(line(800), x).best_widths()[0] / h, 1, 0.1);
}

TEST(SampleDensity, WidthsAreThoseOfTheAxes) {
  Box box;
  box.dimension = 2;
  box.nodes[0] = graded_nodes(-4, 4, 60, 1);
  box.nodes[1] = graded_nodes(-0.4, 0.4, 60, 1);
  SampleDensity density(box);
  const std::vector<double> x = normal_samples(4000, 1);
  for (std::size_t i = 0; i < x.size(); i += 2) {
    density.add(std::array{std::clamp(x[i], -3.9, 3.9), std::clamp(0.1 * x[i + 1], -0.39, 0.39)});
  }
  const Widths h = density.best_widths();
  EXPECT_GT(h[1], 0);
  EXPECT_NEAR(h[0] / h[1] / 10, 1, 0.3);  // each is fitted
  EXPECT_EQ(h[2], 0);
}

TEST(SampleDensity, OneSampleStaysACount) {
  EXPECT_EQ(density_of(line(40), {0.3}).best_widths(), Widths{});
}

}  // namespace
}  // namespace otto
