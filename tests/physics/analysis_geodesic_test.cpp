// W2 and geodesics against mathematics: quantiles in one dimension, translations, Gaussians,
// scaling, symmetry, and the order of the bounds.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "otto/geodesic/geodesic.h"
#include "otto/mesh/box.h"
#include "otto/mesh/mesh.h"

using namespace otto;

namespace {

Mesh cube(int dimension, std::int64_t n, double length = 1) {
  Box box;
  box.dimension = dimension;
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    box.nodes[a] = graded_nodes(0, length, n, 1);
  }
  return make_box_mesh(Comm(), box);
}

/// Point values scaled to a mass.
std::vector<double> sampled(const Mesh& mesh, const std::function<double(const Point&)>& f,
                            double mass = 1) {
  std::vector<double> rho;
  for (std::int32_t i = 0; i < mesh.owned; ++i) rho.push_back(f(mesh.center[std::size_t(i)]));
  const double scale = mass / integral(mesh, rho);
  for (double& x : rho) x *= scale;
  return rho;
}

auto gaussian(Point mean, double sigma, int dimension, double unit = 1) {
  return [=](const Point& x) {
    double r2 = 0;
    for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
      r2 += std::pow(x[a] / unit - mean[a], 2);
    }
    return std::exp(-0.5 * r2 / (sigma * sigma));
  };
}

/// Compact support: exact zeros outside a disc of radius 0.3.
auto bump(double c) {
  return [=](const Point& x) {
    const double r2 = std::pow(x[0] - c, 2) + std::pow(x[1] - c, 2);
    return r2 < 0.09 ? 1 + std::cos(std::numbers::pi * r2 / 0.09) : 0.0;
  };
}

/// W2^2 of piecewise constant densities on [0, 1], by the inverses of their distribution functions.
double by_quantiles(const std::vector<double>& a, const std::vector<double>& b) {
  const auto quantile = [](const std::vector<double>& rho, double p) {
    double below = 0;
    const double h = 1.0 / double(rho.size());
    for (std::size_t i = 0; i < rho.size(); ++i) {
      if (below + h * rho[i] >= p) return h * (double(i) + (p - below) / (h * rho[i]));
      below += h * rho[i];
    }
    return 1.0;
  };
  double sum = 0;
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double p = (i + 0.5) / n;
    sum += std::pow(quantile(a, p) - quantile(b, p), 2) / n;
  }
  return sum;
}

GeodesicReport distance(const Mesh& mesh, const std::vector<double>& a,
                        const std::vector<double>& b, const GeodesicOptions& options) {
  Geodesic geodesic(mesh, a, b, options);
  const GeodesicReport report = geodesic.solve();
  EXPECT_TRUE(report.converged);
  EXPECT_LE(report.lower, report.squared);
  EXPECT_LE(report.squared, report.upper);
  EXPECT_LE(report.gap(), options.tolerance * report.upper);
  return report;
}

}  // namespace

TEST(Distance, OneDimensionByQuantiles) {
  // Two peaks become one and the other way round; discretisation errors are of the order of h^2
  // over the square of the peaks' widths, a few 1e-3.
  const std::int64_t n = 100;
  const auto two = [](double x) {
    return std::exp(-std::pow((x - 0.3) / 0.08, 2)) + 0.5 * std::exp(-std::pow((x - 0.7) / 0.1, 2));
  };
  const auto one = [](double x) { return std::exp(-std::pow((x - 0.45) / 0.15, 2)); };
  const Mesh mesh = cube(1, n);
  const auto a = sampled(mesh, [&](const Point& x) { return two(x[0]); });
  const auto b = sampled(mesh, [&](const Point& x) { return one(x[0]); });
  std::vector<double> whole_a, whole_b;
  double mass_a = 0, mass_b = 0;
  for (int i = 0; i < n; ++i) {
    const double x = (i + 0.5) / double(n);
    mass_a += two(x) / double(n);
    mass_b += one(x) / double(n);
    whole_a.push_back(two(x));
    whole_b.push_back(one(x));
  }
  for (double& x : whole_a) x /= mass_a;
  for (double& x : whole_b) x /= mass_b;
  const double exact = by_quantiles(whole_a, whole_b);
  const auto report = distance(mesh, a, b, {.intervals = 32, .tolerance = 2e-3});
  EXPECT_NEAR(report.squared, exact, 5e-3 * exact);
}

TEST(Distance, TranslatedBumpConvergesByHalvesOrBetter) {
  const double exact = 0.4 * std::numbers::sqrt2;
  double before = 0;
  for (const int n : {12, 24, 48}) {
    const Mesh mesh = cube(2, n);
    const auto report = distance(mesh, sampled(mesh, bump(0.3)), sampled(mesh, bump(0.7)),
                                 {.intervals = 16, .tolerance = 2e-3});
    const double error = std::abs(std::sqrt(report.squared) / exact - 1);
    if (before > 0) {
      EXPECT_LE(error, 0.5 * before) << n;
    }
    before = error;
  }
  EXPECT_LE(before, 1e-3);
}

TEST(Distance, GaussiansAndTheirMidpoint) {
  const Mesh mesh = cube(2, 32);
  const auto a = sampled(mesh, gaussian({0.35, 0.35}, 0.08, 2));
  const auto b = sampled(mesh, gaussian({0.65, 0.60}, 0.06, 2));
  const auto middle = sampled(mesh, gaussian({0.5, 0.475}, 0.07, 2));
  const double exact = 0.09 + 0.0625 + 2 * 0.02 * 0.02;
  Geodesic geodesic(mesh, a, b, {.intervals = 32, .tolerance = 5e-3});
  const auto report = geodesic.solve();
  EXPECT_TRUE(report.converged);
  EXPECT_NEAR(std::sqrt(report.squared), std::sqrt(exact), 2e-3 * std::sqrt(exact));
  std::vector<double> off = geodesic.midpoint();
  for (std::size_t i = 0; i < off.size(); ++i) off[i] = std::abs(off[i] - middle[i]);
  // h/sigma = 1/2: of second order, (h/sigma)^2/12 and a factor of order one.
  EXPECT_LE(integral(mesh, off), 0.03);
  for (const int k : {0, 1, 16, 31, 32}) {
    const auto rho = geodesic.density(k);
    EXPECT_NEAR(integral(mesh, rho), 1, 1e-12);
    EXPECT_GE(*std::ranges::min_element(rho), 0);
  }
  EXPECT_EQ(geodesic.density(0), a);
  EXPECT_EQ(geodesic.density(32), b);
}

TEST(Distance, ThreeDimensions) {
  const Mesh mesh = cube(3, 12);
  const auto report = distance(mesh, sampled(mesh, gaussian({0.4, 0.45, 0.5}, 0.13, 3)),
                               sampled(mesh, gaussian({0.55, 0.5, 0.45}, 0.13, 3)),
                               {.intervals = 8, .tolerance = 1e-2});
  // Lower than the untruncated 0.0275: the box cuts the tails at 3.5 sigma and less.
  EXPECT_NEAR(report.squared, 0.0275, 0.02 * 0.0275);
}

TEST(Distance, IsSymmetric) {
  const Mesh mesh = cube(2, 16);
  const auto a = sampled(mesh, gaussian({0.35, 0.35}, 0.1, 2));
  const auto b = sampled(mesh, gaussian({0.6, 0.55}, 0.15, 2));
  const GeodesicOptions options{.intervals = 8, .tolerance = 1e-2};
  const auto forth = distance(mesh, a, b, options), back = distance(mesh, b, a, options);
  EXPECT_NEAR(forth.squared, back.squared, 1e-9 * forth.squared);
}

TEST(Distance, ScalesWithLengthAndMass) {
  const GeodesicOptions options{.intervals = 8, .tolerance = 1e-2};
  const auto on = [&](double length, double mass) {
    const Mesh mesh = cube(2, 16, length);
    return distance(mesh, sampled(mesh, gaussian({0.35, 0.35}, 0.1, 2, length), mass),
                    sampled(mesh, gaussian({0.6, 0.55}, 0.15, 2, length), mass), options);
  };
  const auto one = on(1, 1);
  EXPECT_NEAR(on(300, 1).squared, 9e4 * one.squared, 1e-8 * 9e4 * one.squared);
  EXPECT_NEAR(on(1, 50).squared, 50 * one.squared, 1e-8 * 50 * one.squared);
}

TEST(Distance, OfADensityToItselfIsZero) {
  const Mesh mesh = cube(2, 16);
  const auto a = sampled(mesh, bump(0.5));
  const auto report = distance(mesh, a, a, {.intervals = 8, .tolerance = 1});
  EXPECT_LE(std::sqrt(report.upper), 1e-5 * std::numbers::sqrt2);
}

TEST(Distance, BoundsMeetAsAskedOrSayThatTheyDoNot) {
  const Mesh mesh = cube(2, 16);
  const auto a = sampled(mesh, gaussian({0.35, 0.35}, 0.1, 2));
  const auto b = sampled(mesh, gaussian({0.6, 0.55}, 0.15, 2));
  Geodesic rushed(mesh, a, b, {.intervals = 8, .tolerance = 1e-6, .max_iterations = 30});
  const auto early = rushed.solve();
  EXPECT_FALSE(early.converged);
  EXPECT_EQ(early.iterations, 30);
  const auto late = distance(mesh, a, b, {.intervals = 8, .tolerance = 1e-3});
  EXPECT_LE(early.lower, late.upper);
  EXPECT_LE(late.lower, early.upper);
  EXPECT_GT(early.gap(), late.gap());
}
