// What every flux promises, held over everything registered; and the Bernoulli function against
// extended precision.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "otto/core/error.h"
#include "otto/flux/two_point.h"

namespace otto {
namespace {

using Extended = long double;
static_assert(std::numeric_limits<Extended>::digits >= 64);

struct Weights {
  std::vector<double> forward, backward;
};

Weights weights(const TwoPointFlux& flux, const std::vector<double>& s) {
  Weights w{std::vector<double>(s.size()), std::vector<double>(s.size())};
  flux.weights(s, w.forward, w.backward);
  return w;
}

/// Distance from the exact value in units of the last place of the nearest double.
double ulps(double value, Extended exact) {
  const double near = static_cast<double>(std::abs(exact));
  const double unit = std::nextafter(near, std::numeric_limits<double>::infinity()) - near;
  return static_cast<double>(std::abs(value - exact) / unit);
}

Extended exact_bernoulli(double s) {
  return s == 0 ? 1.0L : static_cast<Extended>(s) / std::expm1(static_cast<Extended>(s));
}

/// Where the reduction, the limits and the range of doubles switch, and their neighbours.
std::vector<double> thresholds() {
  const double infinity = std::numeric_limits<double>::infinity();
  const double tiny = std::numeric_limits<double>::denorm_min();
  const double small = std::numeric_limits<double>::min();
  std::vector<double> at = {0,
                            tiny,
                            3 * tiny,
                            small / 2,
                            small,
                            1e-300,
                            1e-160,
                            1e-20,
                            0x1p-53,
                            1e-8,
                            0.5,
                            1,
                            2,
                            37,
                            709,
                            745,
                            751,
                            752,
                            800,
                            1e4,
                            1e5,
                            1e300,
                            std::numeric_limits<double>::max()};
  for (int k = 1; k < 2310; ++k) at.push_back(0.5 * k * std::log(2.0));
  std::vector<double> s;
  for (const double x : at) {
    const double up = std::nextafter(x, infinity), down = x > 0 ? std::nextafter(x, 0) : 0;
    for (const double y : {x, up, down}) {
      if (std::isfinite(y)) s.insert(s.end(), {y, -y});
    }
  }
  return s;
}

std::vector<double> million_arguments() {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> wide(-760, 760), near(-3, 3), exponent(-320, 4.5), u(0, 1);
  std::vector<double> s = thresholds();
  while (s.size() < 1000000) {
    s.push_back(wide(random));
    s.push_back(near(random));
    s.push_back(std::copysign(std::pow(10.0, exponent(random)), u(random) - 0.5));
  }
  return s;
}

TEST(Bernoulli, IsWithinFourUnitsInTheLastPlace) {
  const std::vector<double> s = million_arguments();
  const Weights w = weights(find_flux("scharfetter_gummel"), s);
  double worst = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const double error = std::max({ulps(w.forward[i], exact_bernoulli(s[i])),
                                   ulps(w.backward[i], exact_bernoulli(-s[i])),
                                   ulps(bernoulli(s[i]), exact_bernoulli(s[i]))});
    if (!(error <= worst)) worst = error;
    ASSERT_LE(error, 4) << "s = " << s[i];
  }
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(Bernoulli, OneValueAndABatchAgreeToTheBit) {
  const std::vector<double> s = thresholds();
  const Weights w = weights(find_flux("scharfetter_gummel"), s);
  for (std::size_t i = 0; i < s.size(); ++i) {
    EXPECT_EQ(w.forward[i], bernoulli(s[i])) << s[i];
    EXPECT_EQ(w.backward[i], bernoulli(-s[i])) << s[i];
  }
}

TEST(SquareRootFlux, IsTheExponential) {
  const std::vector<double> s = million_arguments();
  const Weights w = weights(find_flux("square_root"), s);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const Extended half = std::min(std::abs(static_cast<Extended>(s[i])) / 2, 600.0L);
    const double large = s[i] > 0 ? w.backward[i] : w.forward[i];
    const double small = s[i] > 0 ? w.forward[i] : w.backward[i];
    ASSERT_LE(ulps(large, std::exp(half)), 4) << s[i];
    ASSERT_LE(ulps(small, std::exp(-half)), 4) << s[i];
  }
}

TEST(Fluxes, TheContractsFourAreThere) {
  std::vector<std::string> names;
  for (const TwoPointFlux* flux : all_fluxes()) {
    names.push_back(flux->name());
    EXPECT_EQ(&find_flux(flux->name()), flux);
  }
  for (const char* name : {"centred", "scharfetter_gummel", "square_root", "upwind"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  EXPECT_THROW((void)find_flux("sideways"), InternalError);
}

TEST(Fluxes, AreDiffusionWhereVIsConstant) {
  for (const TwoPointFlux* flux : all_fluxes()) {
    for (const double zero : {0.0, -0.0}) {
      const Weights w = weights(*flux, {zero});
      EXPECT_EQ(w.forward[0], 1) << flux->name();
      EXPECT_EQ(w.backward[0], 1) << flux->name();
    }
  }
}

// Numbering a face the other way round, s -> -s, exchanges the weights and negates the flux.
TEST(Fluxes, AreAntisymmetric) {
  std::vector<double> s = thresholds(), opposite;
  for (const double x : s) opposite.push_back(-x);
  for (const TwoPointFlux* flux : all_fluxes()) {
    const Weights w = weights(*flux, s), o = weights(*flux, opposite);
    EXPECT_EQ(w.forward, o.backward) << flux->name();
    EXPECT_EQ(w.backward, o.forward) << flux->name();
  }
}

TEST(Fluxes, AreFiniteAndMonotoneWhereTheySaySo) {
  const std::vector<double> s = million_arguments();
  for (const TwoPointFlux* flux : all_fluxes()) {
    const Weights w = weights(*flux, s);
    double min = 1;
    for (std::size_t i = 0; i < s.size(); ++i) {
      ASSERT_TRUE(std::isfinite(w.forward[i]) && std::isfinite(w.backward[i]))
          << flux->name() << " at s = " << s[i];
      min = std::min({min, w.forward[i], w.backward[i]});
    }
    EXPECT_EQ(min >= 0, flux->monotone()) << flux->name();
  }
}

// B(-s) = e^s B(s), as far as both weights are normal numbers.
TEST(Fluxes, KeepDetailedBalanceWhereTheySaySo) {
  for (const TwoPointFlux* flux : all_fluxes()) {
    double worst = 0;
    for (double s = -690; s <= 690; s += 0.37) {
      const Weights w = weights(*flux, {s});
      worst = std::max(worst, ulps(w.backward[0], std::exp(Extended{s}) * w.forward[0]));
    }
    if (flux->limited()) continue;  // these are the weights before the density has its say
    if (flux->detailed_balance()) {
      EXPECT_LE(worst, 8) << flux->name();
    } else {
      EXPECT_GT(worst, 1e6) << flux->name();
    }
  }
}

TEST(Fluxes, LeaveTheGibbsStateAtRest) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> level(-4, 4);
  for (const TwoPointFlux* flux : all_fluxes()) {
    if (!flux->detailed_balance()) continue;
    for (int i = 0; i < 1000; ++i) {
      const double left = level(random), right = level(random);
      const Weights w = weights(*flux, {right - left});
      const double out = w.forward[0] * std::exp(-left), in = w.backward[0] * std::exp(-right);
      ASSERT_LE(std::abs(out - in), 1e-14 * out) << flux->name();
    }
  }
}

// All of them agree with B(s) = 1 - s/2 + O(s^2): the drift is consistent.
TEST(Fluxes, CarryTheDriftToFirstOrder) {
  for (const TwoPointFlux* flux : all_fluxes()) {
    for (const double s : {1e-3, -1e-3}) {
      const Weights w = weights(*flux, {s});
      EXPECT_NEAR(w.backward[0] - w.forward[0], s, 1e-9) << flux->name();
    }
  }
}

TEST(Fluxes, DerivativesAreThoseOfTheWeights) {
  for (const TwoPointFlux* flux : all_fluxes()) {
    const double h = 1e-4;
    for (const double at : {-60.0, -3.0, -0.011, -0.009, 1e-4, 0.009, 0.011, 0.7, 5.0, 60.0}) {
      const Weights w = weights(*flux, {at - 2 * h, at - h, at + h, at + 2 * h});
      std::vector<double> s{at}, forward(1), backward(1);
      flux->derivatives(s, forward, backward);
      const auto slope = [&](const std::vector<double>& v) {
        return (8 * (v[2] - v[1]) - (v[3] - v[0])) / (12 * h);
      };
      if (flux->name() == "upwind" && std::abs(at) < 2 * h) continue;  // its corner
      EXPECT_NEAR(forward[0], slope(w.forward), 1e-9 * (1 + std::abs(w.forward[1])))
          << flux->name() << " " << at;
      EXPECT_NEAR(backward[0], slope(w.backward), 1e-9 * (1 + std::abs(w.backward[1])))
          << flux->name() << " " << at;
    }
  }
}

}  // namespace
}  // namespace otto
