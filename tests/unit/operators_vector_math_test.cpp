#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "otto/core/vector_math.h"

namespace otto {
namespace {

using Limits = std::numeric_limits<double>;

/// Distance of y from the exact value in units of the last place of the exact value.
double ulps(double y, long double exact) {
  const double nearest = static_cast<double>(exact);
  const double ulp = std::nextafter(std::abs(nearest), Limits::infinity()) - std::abs(nearest);
  return static_cast<double>(std::abs(static_cast<long double>(y) - exact)) / ulp;
}

std::vector<double> positive_numbers() {
  std::mt19937_64 random(7);
  std::vector<double> x;
  std::uniform_real_distribution<double> exponent(-1074, 1024), near_one(0.5, 2);
  for (int i = 0; i < 500000; ++i) x.push_back(std::exp2(exponent(random)));
  for (int i = 0; i < 500000; ++i) x.push_back(near_one(random));
  for (double c : {1.0, std::sqrt(0.5), std::sqrt(2.0), Limits::min(), 2.0, 0.5}) {
    for (double v = c, w = c, i = 0; i < 20; ++i) {
      x.push_back(v = std::nextafter(v, Limits::infinity()));
      x.push_back(w = std::nextafter(w, 0.0));
    }
    x.push_back(c);
  }
  x.push_back(Limits::denorm_min());
  x.push_back(Limits::max());
  return x;
}

TEST(VectorMath, LogIsWithinFourUlps) {
  const std::vector<double> x = positive_numbers();
  std::vector<double> y(x.size());
  log_of(x, y);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == 1 || x[i] == 0) continue;
    worst = std::max(worst, ulps(y[i], std::log(static_cast<long double>(x[i]))));
  }
  EXPECT_LE(worst, 4);
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(VectorMath, LogAtTheEdges) {
  const std::vector<double> x{
      0.0, -0.0, 1.0, Limits::infinity(), -1.0, Limits::quiet_NaN(), Limits::denorm_min()};
  std::vector<double> y(x.size());
  log_of(x, y);
  EXPECT_EQ(y[0], -Limits::infinity());
  EXPECT_EQ(y[1], -Limits::infinity());
  EXPECT_EQ(y[2], 0.0);
  EXPECT_EQ(y[3], Limits::infinity());
  EXPECT_TRUE(std::isnan(y[4]));
  EXPECT_TRUE(std::isnan(y[5]));
  EXPECT_DOUBLE_EQ(y[6], std::log(Limits::denorm_min()));
}

TEST(VectorMath, ExpIsWithinFourUlps) {
  std::mt19937_64 random(8);
  std::vector<double> x;
  std::uniform_real_distribution<double> all(-708, 709.7), small(-1, 1);
  for (int i = 0; i < 500000; ++i) x.push_back(all(random));
  for (int i = 0; i < 500000; ++i) x.push_back(small(random));
  std::vector<double> y(x.size());
  exp_of(x, y);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, ulps(y[i], std::exp(static_cast<long double>(x[i]))));
  }
  EXPECT_LE(worst, 4);
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(VectorMath, ExpAtTheEdges) {
  const std::vector<double> x{
      0.0,    1e4,   -1e4, -745.0, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(),
      -720.0, 709.78};
  std::vector<double> y(x.size());
  exp_of(x, y);
  EXPECT_EQ(y[0], 1.0);
  EXPECT_EQ(y[1], Limits::infinity());
  EXPECT_EQ(y[2], 0.0);
  EXPECT_EQ(y[3], std::exp(-745.0));
  EXPECT_EQ(y[4], Limits::infinity());
  EXPECT_EQ(y[5], 0.0);
  EXPECT_TRUE(std::isnan(y[6]));
  EXPECT_NEAR(y[7] / std::exp(-720.0), 1, 1e-6);  // a denormal
  EXPECT_NEAR(y[8] / std::exp(709.78), 1, 1e-13);
}

/// theta and its slope in extended precision.
void identric_exact(long double a, long double b, long double& theta, long double& slope) {
  const long double m = (a + b) / 2, e = (b - a) / (2 * m);
  if (std::abs(e) < 0.4L) {
    // log(theta/m) = ((1+e) log(1+e) - (1-e) log(1-e)) / (2 e) - 1 = - sum_k e^(2k) / (2k (2k+1))
    long double log_ratio = 0, slope_e = 0, power = 1 / e;
    for (int k = 1; k < 40; ++k) {
      power *= e * e;  // e^(2k-1)
      log_ratio -= power * e / (2 * k * (2 * k + 1));
      slope_e -= power / (2 * k + 1);
    }
    theta = m * std::exp(log_ratio);
    slope = theta * (1 / (2 * m) + slope_e * a / (2 * m * m));
    return;
  }
  const long double z = b / a, log_ratio = z * std::log(z) / (z - 1) - 1;
  theta = a * std::exp(log_ratio);
  slope = theta / a * (z - 1 - std::log(z)) / ((z - 1) * (z - 1));
}

TEST(VectorMath, IdentricMeanAndItsSlope) {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> exponent(-250, 250), decade(-17, 3), sign(-1, 1);
  std::vector<double> a, b;
  for (int i = 0; i < 300000; ++i) {
    a.push_back(std::exp2(exponent(random)));
    const double change = std::pow(10.0, decade(random));
    b.push_back(a.back() * (sign(random) > 0 ? 1 + change : 1 / (1 + change)));
  }
  std::vector<double> theta(a.size()), slope(a.size());
  identric_of(a, b, theta, slope);
  double worst_theta = 0, worst_slope = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    long double t, s;
    identric_exact(a[i], b[i], t, s);
    worst_theta = std::max(worst_theta, double(std::abs(theta[i] / t - 1)));
    worst_slope = std::max(worst_slope, double(std::abs(slope[i] / s - 1)));
  }
  EXPECT_LE(worst_theta, 8 * Limits::epsilon());
  EXPECT_LE(worst_slope, 40 * Limits::epsilon());
}

TEST(VectorMath, IdentricMeanAtTheEdges) {
  const std::vector<double> a{0, 0, 3, 2, 1e-300, 5e-324}, b{0, 3, 0, 2, 1e300, 1};
  std::vector<double> theta(a.size()), slope(a.size());
  identric_of(a, b, theta, slope);
  const double e = std::exp(1.0);
  EXPECT_EQ(theta[0], 0);
  EXPECT_DOUBLE_EQ(slope[0], 1 / e);
  EXPECT_DOUBLE_EQ(theta[1], 3 / e);
  EXPECT_DOUBLE_EQ(slope[1], 1 / e);
  EXPECT_DOUBLE_EQ(theta[2], 3 / e);
  EXPECT_EQ(slope[2], Limits::infinity());
  EXPECT_EQ(theta[3], 2);
  EXPECT_DOUBLE_EQ(slope[3], 0.5);
  EXPECT_NEAR(theta[4] / (1e300 / e), 1, 1e-13);
  EXPECT_NEAR(theta[5] / (1 / e), 1, 1e-13);
}

TEST(VectorMath, AccumulatorKeepsWhatPlainSumsLose) {
  Accumulator sum;
  double plain = 0;
  for (double x : {1e16, 1.0, 1.0, 1.0, -1e16}) {
    sum.add(x);
    plain += x;
  }
  EXPECT_EQ(sum.value(), 3);
  EXPECT_NE(plain, 3);
}

}  // namespace
}  // namespace otto
