// Rates of 1-D double wells V = b (x^2 - 1)^2, kT = 1, against values a spectral method gives to 11
// digits; modes; decay of a run; Eyring and Kramers.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/analysis/eyring_kramers.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string double_well(double b, int cells, const std::string& more = "", double half = 3) {
  return "[mesh]\nlower = [" + std::to_string(-half) + "]\nupper = [" + std::to_string(half) +
         "]\ncells = [" + std::to_string(cells) +
         "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
         "expression = \"" +
         std::to_string(b) + "*(x^2-1)^2\"\n" + more;
}

Spectrum spectrum_of(Scenario& s, int count) {
  ShiftedSolver solver(s.generator, {});
  return slowest_modes(s.generator, solver, {.count = count});
}

TEST(Spectrum, DoubleWellRatesAreSecondOrderAndExtrapolateToTheExactOnes) {
  const struct {
    double b, first, second;
  } exact[] = {{1, .748681672347, 6.0041136708},
               {2, .454546602019, 8.1565597835},
               {4, .119118373236, 13.2415762565}};
  for (const auto& e : exact) {
    std::vector<double> first, second;
    for (const int n : {256, 512, 1024}) {
      Scenario s(double_well(e.b, n));
      const Spectrum spectrum = spectrum_of(s, 2);
      ASSERT_EQ(spectrum.modes.size(), 2U);
      first.push_back(spectrum.modes[0].rate);
      second.push_back(spectrum.modes[1].rate);
      for (const Mode& mode : spectrum.modes) EXPECT_LE(mode.residual, 1e-8);
    }
    const double order = std::log2((first[0] - e.first) / (first[1] - e.first));
    EXPECT_NEAR(order, 2, 0.005) << "b = " << e.b;
    // the error after one extrapolation is of order h^4: 1e-9 and less here
    EXPECT_NEAR((4 * first[2] - first[1]) / 3, e.first, 5e-8 * e.first);
    EXPECT_NEAR((4 * second[2] - second[1]) / 3, e.second, 5e-8 * e.second);
  }
}

TEST(Spectrum, ModesAreOrthonormalAndDecayAtTheirRates) {
  Scenario s(
      double_well(1, 200,
                  "[initial]\nkind = \"uniform\"\n[time]\nscheme = \"exponential\"\nstep = 0.5\n"
                  "end = 0.5\ntolerance = 1e-11\n[solver]\nrtol = 1e-12\n"));
  const Spectrum spectrum = spectrum_of(s, 4);
  const std::vector<double> pi = gibbs_density(s.generator);
  std::vector<double> product(pi.size());
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < pi.size(); ++k) {
        product[k] = pi[k] * spectrum.modes[i].shape[k] * spectrum.modes[j].shape[k];
      }
      EXPECT_NEAR(integral(s.mesh, product), i == j ? 1 : 0, 1e-8);
    }
  }
  const Mode& mode = spectrum.modes[0];
  std::vector<double> rho(pi.size());
  for (std::size_t k = 0; k < rho.size(); ++k) rho[k] = pi[k] * (1 + 0.1 * mode.shape[k]);
  State state = s.with_ghosts(rho);
  s.run(state);
  double worst = 0;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const double exact = pi[k] * (1 + 0.1 * std::exp(-0.5 * mode.rate) * mode.shape[k]);
    worst = std::max(worst, std::abs(state.density[k] - exact));
  }
  EXPECT_LE(s.mesh.comm.max(worst), 1e-9);
}

/// 1 / rate = int_-1^1 exp(V) dx int_-inf^0 exp(-V) dx / 2 up to a part of exp(-b): the mass of one
/// well times the resistance of the barrier, of which each well sees half of the way.
double double_well_by_quadrature(double b) {
  double barrier = 0, well = 0;  // exp(V - b) over [-1, 1], exp(-V) over [-3, 0]
  const int n = 200000;
  for (int i = 0; i < n; ++i) {
    const double s = -1 + 2 * (i + 0.5) / n, x = -3 + 3 * (i + 0.5) / n;
    barrier += 2.0 / n * std::exp(b * std::pow(s * s - 1, 2) - b);
    well += 3.0 / n * std::exp(-b * std::pow(x * x - 1, 2));
  }
  return 2 * std::exp(-b) / (barrier * well);
}

TEST(Spectrum, RatesOfDeepWellsAreThoseOfQuadrature) {
  for (const double b : {20.0, 30.0, 45.0, 60.0, 70.0, 85.0, 100.0, 120.0}) {
    Scenario s(double_well(b, 3000, "", 1.8));  // where V is 5 times the barrier
    const Spectrum spectrum = spectrum_of(s, 2);
    const double exact = double_well_by_quadrature(b);
    const Mode &slow = spectrum.modes[0], &fast = spectrum.modes[1];
    EXPECT_TRUE(slow.resolved()) << "b = " << b;
    EXPECT_TRUE(fast.resolved()) << "b = " << b;
    EXPECT_NEAR(slow.rate / exact, 1, 1e-2) << "b = " << b;
    EXPECT_NEAR(fast.rate / (4 * b), 1, 0.2)
        << "b = " << b;  // inside a well: V'' / 2 to first order
  }
}

/// V = b ((x^2 - 1)^2 + y^2) separates: the slowest rate is the line's.
TEST(Spectrum, RatesOfDeepWellsInThePlane) {
  for (const double b : {30.0, 70.0, 120.0}) {
    const std::string expression = std::to_string(b) + "*((x^2-1)^2+y^2)";
    Scenario s(
        "[mesh]\nlower = [-1.5, -0.75]\nupper = [1.5, 0.75]\ncells = [240, 40]\n"
        "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
        "expression = \"" +
        expression + "\"\n");
    const Mode slow = spectrum_of(s, 1).modes[0];
    EXPECT_TRUE(slow.resolved()) << "b = " << b;
    EXPECT_NEAR(slow.rate / double_well_by_quadrature(b), 1, 1e-2) << "b = " << b;
  }
}

/// The same matrix in multi-precision arithmetic (400 cells of [-2, 2]): every digit within `error`.
TEST(Spectrum, BoundsHoldTheRateOfTheMatrix) {
  const struct {
    double b, rate;
  } exact[] = {{20, 7.281874394587e-8},  {25, 6.159621641972e-10}, {40, 3.03455303746e-16},
               {60, 9.418974821763e-25}, {70, 4.995175004275e-29}, {100, 6.695266865259e-42},
               {120, 1.658155991852e-50}};
  for (const auto& e : exact) {
    Scenario s(
        "[mesh]\nlower = [-2.0]\nupper = [2.0]\ncells = [400]\n[[energy]]\nkind = \"entropy\"\n"
        "temperature = 1.0\n[[energy]]\nkind = \"external\"\nexpression = \"" +
        std::to_string(e.b) + "*(x^2-1)^2\"\n");
    const Mode slow = spectrum_of(s, 1).modes[0];
    EXPECT_LE(slow.error, 1e-4) << "b = " << e.b;  // of the order of rate / next rate at b = 20
    EXPECT_LE(std::abs(slow.rate / e.rate - 1), slow.error + 1e-11) << "b = " << e.b;
  }
}

/// Out of a well of depth b through an absorbing side at 0, where V is on its top: twice as fast as
/// the exchange of two wells makes one of them, which is half of its relaxation.
TEST(Spectrum, EscapeFromADeepWell) {
  for (const double b : {30.0, 90.0}) {
    Scenario s(
        "[mesh]\nlower = [-1.8]\nupper = [0.0]\ncells = [1800]\n[[energy]]\nkind = \"entropy\"\n"
        "temperature = 1.0\n[[energy]]\nkind = \"external\"\nexpression = \"" +
        std::to_string(b) + "*(x^2-1)^2\"\n[boundary]\nabsorbing = [\"x_max\"]\n");
    const Mode slow = spectrum_of(s, 1).modes[0];
    EXPECT_TRUE(slow.resolved()) << "b = " << b;
    EXPECT_NEAR(slow.rate / double_well_by_quadrature(b), 1, 1e-2) << "b = " << b;
  }
}

TEST(Spectrum, AbsorbingEndsHaveTheirOwnSlowestRate) {
  // kT u'' on [0, 1] with u = 0 at the right end and no flux at the left: kT (pi/2)^2
  for (const int n : {50, 100}) {
    Scenario s("[mesh]\nlower = [0.0]\nupper = [1.0]\ncells = [" + std::to_string(n) +
               "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n"
               "[boundary]\nabsorbing = [\"x_max\"]\n");
    const double exact = 0.5 * std::pow(std::numbers::pi / 2, 2), h = 1.0 / n;
    EXPECT_NEAR(spectrum_of(s, 1).modes[0].rate, exact, exact * h * h);
  }
}

TEST(Spectrum, RefusesWhatHasNoDetailedBalance) {
  Scenario drift(double_well(1, 64, "[drift]\nexpression = [\"1\"]\n"));
  EXPECT_THROW(spectrum_of(drift, 1), InputError);
  Scenario upwind(double_well(1, 64, "[flux]\nkind = \"upwind\"\n"));
  EXPECT_THROW(spectrum_of(upwind, 1), InputError);
  Scenario small(double_well(0, 3));
  EXPECT_THROW(spectrum_of(small, 3), InputError);
  EXPECT_EQ(spectrum_of(small, 2).modes.size(), 2U);
}

TEST(Crossings, OneDimensionalKramersRate) {
  // V'' = 8 b at the wells and -4 b between them: 2 sqrt(8 b 4 b) / 2 pi exp(-b)
  Scenario s(double_well(4, 3000));
  const auto V = s.generator.external().first(std::size_t(s.mesh.owned));
  const auto found = eyring_kramers(s.mesh, V, 1).crossings;
  ASSERT_EQ(found.size(), 1U);
  const double kramers = std::sqrt(8.0 * 4) * 4 / std::numbers::pi * std::exp(-4.0);
  EXPECT_NEAR(found[0].barrier, 4, 1e-6);
  // the curvature is that of the nearest centre, h / 2 away: 24 b / 8 b h / 4 = 1.5e-3 of the rate
  EXPECT_NEAR(found[0].rate, kramers, 2e-3 * kramers);
}

TEST(Crossings, MuellerBrownHasOneWellBehindABarrier) {
  Scenario s(
      "[mesh]\nlower = [-1.7, -0.5]\nupper = [1.3, 2.2]\ncells = [300, 270]\n"
      "[[energy]]\nkind = \"entropy\"\ntemperature = 5.0\n"
      "[[energy]]\nkind = \"external\"\nlibrary = \"muller_brown\"\ncap = 4000.0\n");
  const auto V = s.generator.external().first(std::size_t(s.mesh.owned));
  const auto found = eyring_kramers(s.mesh, V, 5).crossings;
  ASSERT_EQ(found.size(), 2U);  // minima -146.700, -108.167, -80.768; saddles -40.665, -72.249
  EXPECT_NEAR(found[0].barrier, 108.167 - 40.665, 0.05);
  EXPECT_NEAR(found[1].barrier, 80.768 - 72.249, 0.05);
  EXPECT_NEAR(found[0].saddle[0], -0.822, 0.02);
  EXPECT_NEAR(found[0].saddle[1], 0.624, 0.02);
}

std::string plane(const std::string& lower, const std::string& upper, const std::string& cells,
                  const std::string& expression) {
  return "[mesh]\nlower = " + lower + "\nupper = " + upper + "\ncells = " + cells +
         "\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
         "expression = \"" +
         expression + "\"\n";
}

EyringKramers crossings_of(Scenario& s) {
  return eyring_kramers(s.mesh, s.generator.external().first(std::size_t(s.mesh.owned)), 1);
}

/// V = A (r^2 - 1)^2 + B y^2: wells at (+-1, 0) with V_xx = 8 A, V_yy = 2 B, and two saddles at (0, +-s),
/// s^2 = 1 - B / 2A, with V = B - B^2 / 4A, V_xx = -2 B, V_yy = 8 A s^2: each carries B / (pi s) exp(-V) out of either well.
TEST(Crossings, TwoPassesBetweenTwoWells) {
  const double A = 20, B = 8, s = std::sqrt(1 - B / 2 / A);
  const double exact = 4 * B / (std::numbers::pi * s) * std::exp(-(B - B * B / 4 / A));
  Scenario scenario(plane("[-1.8, -1.7]", "[1.8, 1.7]", "[151, 160]", "20*(x^2+y^2-1)^2 + 8*y^2"));
  const EyringKramers found = crossings_of(scenario);
  ASSERT_EQ(found.crossings.size(), 1U);
  EXPECT_EQ(found.crossings[0].passes, 2);
  EXPECT_NEAR(found.crossings[0].rate / exact, 1, 0.01);
  const Mode slow = spectrum_of(scenario, 1).modes[0];
  EXPECT_NEAR(slow.rate / exact, 1, 0.15);  // asymptotic in kT / barrier = 1 / 7
}

/// V = H (x^2-1)^2 (1 + e cos(2 pi y)) + (y - m)^2: saddles at x = 0, where H (1 + e cos(2 pi y)) + (y - m)^2 is least.
TEST(Crossings, ThreePassesOfDifferentHeights) {
  const double H = 10, e = 0.3, m = 1.4, pi = std::numbers::pi;
  const auto first = [&](double y) { return -2 * pi * H * e * std::sin(2 * pi * y) + 2 * (y - m); };
  const auto second = [&](double y) { return -4 * pi * pi * H * e * std::cos(2 * pi * y) + 2; };
  double sum = 0, least = 1e9;
  for (double y : {0.5, 1.5, 2.5}) {
    for (int i = 0; i < 20; ++i) y -= first(y) / second(y);
    const double height = H * (1 + e * std::cos(2 * pi * y)), V = height + (y - m) * (y - m);
    const double l = 4 * height;                                     // -V_xx at the saddle
    const double well = 8 * H * (1 + e * std::cos(2 * pi * m)) * 2;  // V_xx V_yy at (+-1, m)
    sum += 2 * l / (2 * pi) * std::sqrt(well / (l * second(y))) * std::exp(-V);
    least = std::min(least, V);
  }
  Scenario s(plane("[-1.8, -0.3]", "[1.8, 3.3]", "[240, 300]",
                   "10*(x^2-1)^2*(1+0.3*cos(2*pi*y)) + (y-1.4)^2"));
  const EyringKramers found = crossings_of(s);
  ASSERT_EQ(found.crossings.size(), 1U);
  EXPECT_EQ(found.crossings[0].passes, 3);
  EXPECT_NEAR(found.crossings[0].barrier, least, 0.02);
  EXPECT_NEAR(found.crossings[0].rate / sum, 1, 0.02);
}

/// Round a ring of two wells there are two ways.
TEST(Crossings, PeriodicRing) {
  Scenario s(
      "[mesh]\nlower = [-2.0]\nupper = [2.0]\ncells = [400]\nperiodic = [true]\n[[energy]]\n"
      "kind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\n"
      "expression = \"8*(1-cos(pi*x))\"\n");
  const EyringKramers found = crossings_of(s);
  ASSERT_EQ(found.crossings.size(), 1U);
  EXPECT_EQ(found.crossings[0].passes, 2);
  const double exact = 4 * 8 * std::numbers::pi / 2 * std::exp(-16.0);
  EXPECT_NEAR(found.crossings[0].rate / exact, 1, 0.01);
  EXPECT_NEAR(spectrum_of(s, 1).modes[0].rate / exact, 1, 0.06);
}

/// A third well on a wall, for which there is no formula.
TEST(Crossings, WellOnAWallIsCounted) {
  Scenario s(double_well(8, 1000, "", 1.0));  // ends at its minima
  const EyringKramers found = crossings_of(s);
  EXPECT_TRUE(found.crossings.empty());
  EXPECT_EQ(found.left_out, 1);
}

}  // namespace
}  // namespace otto::test
