// The bounds of a proximal step by themselves: increments against their definition, and the method on
// scalar models whose minimum is known.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "../../src/newton/interior_point.h"

namespace otto {
namespace {

constexpr double P = 2, nu = 1e-3;

struct Iterate {
  explicit Iterate(int n, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> inside(0.05 * P, 0.95 * P), any(-1, 1);
    for (int k = 0; k < n; ++k) {
      rho.push_back(inside(random));
      drho.push_back(any(random));
      multipliers.below.push_back(std::abs(any(random)));
      multipliers.above.push_back(std::abs(any(random)));
      volume.push_back(0.1 + std::abs(any(random)));
    }
  }
  std::vector<double> rho, drho, volume;
  Multipliers multipliers;
};

InteriorPoint both_bounds() {
  InteriorPoint bounds(true, P);
  bounds.set_nu(nu);
  return bounds;
}

TEST(InteriorPoint, BeginsOnTheCentralPath) {
  const Iterate it(50, 1);
  Multipliers m;
  both_bounds().begin(it.rho, m);
  for (std::size_t k = 0; k < it.rho.size(); ++k) {
    EXPECT_NEAR(m.below[k] * it.rho[k], nu, 1e-15);
    EXPECT_NEAR(m.above[k] * (P - it.rho[k]), nu, 1e-15);
  }
}

TEST(InteriorPoint, AddsItsTermsToNewtonsSystem) {
  const Iterate it(50, 2);
  const auto n = it.rho.size();
  std::vector<double> g(n, 1.0), stiffness(n, 3.0), push(n, 99.0);
  ReproducibleSum misses, total;
  both_bounds().apply(it.volume, it.rho, it.multipliers, g, stiffness, push, misses, total);
  double expected_miss = 0, expected_total = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const double rho = it.rho[k], s = it.multipliers.below[k], q = it.multipliers.above[k];
    EXPECT_NEAR(g[k], 1 + s - q, 1e-14);
    EXPECT_NEAR(stiffness[k], 3 + s / rho + q / (P - rho), 1e-12 * stiffness[k]);
    EXPECT_NEAR(push[k], (nu / rho - s) - (nu / (P - rho) - q), 1e-13);
    expected_miss += it.volume[k] * (std::abs(s * rho - nu) + std::abs(q * (P - rho) - nu));
    expected_total += it.volume[k] * (s * rho + q * (P - rho));
  }
  EXPECT_NEAR(misses.value(), expected_miss, 1e-13 * expected_miss);
  EXPECT_NEAR(total.value(), expected_total, 1e-13 * expected_total);
}

TEST(InteriorPoint, AFullStepSatisfiesTheLinearisedComplementarity) {
  const Iterate it(200, 3);
  Multipliers to;
  both_bounds().move(it.rho, it.drho, it.multipliers, 1, 0, to);
  for (std::size_t k = 0; k < it.rho.size(); ++k) {
    const double s = it.multipliers.below[k], q = it.multipliers.above[k];
    // s rho + s drho + rho ds = nu, unless s would fall below 0; the same for q and P - rho
    const double below = (nu - s * it.drho[k]) / it.rho[k];
    const double above = (nu + q * it.drho[k]) / (P - it.rho[k]);
    EXPECT_NEAR(to.below[k], std::max(below, 0.0), 1e-13 * (1 + std::abs(below)));
    EXPECT_NEAR(to.above[k], std::max(above, 0.0), 1e-13 * (1 + std::abs(above)));
  }
}

TEST(InteriorPoint, ReachesAsFarAsEverythingStaysPositive) {
  constexpr double keep = 0.02;
  const InteriorPoint bounds = both_bounds();
  for (unsigned seed = 4; seed < 24; ++seed) {
    const Iterate it(10, seed);
    const double alpha = bounds.reach(it.rho, it.drho, it.multipliers, keep);
    ASSERT_GT(alpha, 0);
    ASSERT_LE(alpha, 1);
    double tightest = INFINITY;  // how far the values are from `keep` of what they were
    for (std::size_t k = 0; k < it.rho.size(); ++k) {
      const double rho = it.rho[k], s = it.multipliers.below[k], q = it.multipliers.above[k];
      const double ds = (nu - s * it.drho[k]) / rho - s;
      const double dq = (nu + q * it.drho[k]) / (P - rho) - q;
      tightest = std::min({tightest, (rho + alpha * it.drho[k]) / rho - keep,
                           (P - rho - alpha * it.drho[k]) / (P - rho) - keep,
                           (s + alpha * ds) / s - keep, (q + alpha * dq) / q - keep});
    }
    EXPECT_GE(tightest, -1e-12);
    if (alpha < 1) {
      EXPECT_NEAR(tightest, 0, 1e-12);
    }
  }
}

/// The rho in [0, P] that is nearest to c: the minimum of (rho - c)^2 / 2, by the method.
double nearest(double c, bool below, double maximum) {
  InteriorPoint bounds(below, maximum);
  std::vector<double> rho{1}, volume{1}, g(1), stiffness(1), push(1), drho(1);
  Multipliers m, moved;
  bounds.set_nu(0.1);
  bounds.begin(rho, m);
  for (int i = 0; i < 60; ++i) {
    g[0] = c - rho[0];
    stiffness[0] = 1;
    ReproducibleSum misses, total;
    bounds.apply(volume, rho, m, g, stiffness, push, misses, total);
    drho[0] = (g[0] + push[0]) / stiffness[0];
    const double alpha = bounds.reach(rho, drho, m, 0.02);
    bounds.move(rho, drho, m, alpha, 0.02, moved);
    rho[0] += alpha * drho[0];
    std::swap(m, moved);
    bounds.set_nu(std::max(0.3 * bounds.nu(), 1e-14));
  }
  return rho[0];
}

TEST(InteriorPoint, FindsTheMinimumWithinTheBounds) {
  for (const double c : {-3.0, -1e-3, 0.0, 0.4, 1.0, 1.9, 2.0, 2.001, 7.0}) {
    const double off = 3e-7;  // sqrt(nu) at c = 0, where the bound just begins to hold
    EXPECT_NEAR(nearest(c, true, P), std::clamp(c, 0.0, P), off) << c;
    EXPECT_NEAR(nearest(c, true, INFINITY), std::max(c, 0.0), off) << c;
    EXPECT_NEAR(nearest(c, false, P), std::min(c, P), off) << c;
  }
}

TEST(InteriorPoint, SettlesMultipliersNextToABoundOnly) {
  Multipliers m{{0.5, 0.5, 0.5}, {}};
  const InteriorPoint bounds(true, INFINITY);
  // close and willing; close, but the target would empty the multiplier; far
  bounds.settle(std::vector{1e-9, 1e-9, 1.0}, std::vector{-0.3, -0.001, -0.3}, 1e-6, 0.02, m);
  EXPECT_EQ(m.below, (std::vector{0.3, 0.5, 0.5}));
}

}  // namespace
}  // namespace otto
