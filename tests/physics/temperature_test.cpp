// kT(x): densities at rest, orders, currents, walls, time, and what it is refused with.

#include "otto/energy/temperature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "otto/analysis/observables.h"
#include "otto/core/error.h"
#include "otto/operators/face_temperature.h"
#include "otto/operators/ledger.h"
#include "scenario.h"

namespace otto::test {
namespace {

const SolverOptions tight{.rtol = 1e-13};

std::string entropy(const std::string& kT, const std::string& region = "") {
  const bool number = kT.find_first_not_of("0123456789.") == std::string::npos;
  const std::string quote = number ? "" : "\"";
  return "[[energy]]\nkind = \"entropy\"\ntemperature = " + quote + kT + quote + "\n" +
         (region.empty() ? "" : "region = \"" + region + "\"\n");
}
std::string external(const std::string& V) {
  return "[[energy]]\nkind = \"external\"\nexpression = \"" + V + "\"\n";
}
std::string line(int cells, double upper, const std::string& more) {
  return "[mesh]\nlower = [0.0]\nupper = [" + std::to_string(upper) + "]\ncells = [" +
         std::to_string(cells) + "]\n" + more;
}
std::string gmsh(const std::string& file, const std::string& volumes) {
  return "[mesh]\nkind = \"gmsh\"\ncontrol_volumes = \"" + volumes +
         "\"\nfile = \"" OTTO_SOURCE_DIR "/" + file + ".msh\"\n";
}
std::string march(const std::string& scheme, double step, double end) {
  return "[initial]\nkind = \"uniform\"\n[time]\nscheme = \"" + scheme +
         "\"\nstep = " + std::to_string(step) + "\nend = " + std::to_string(end) +
         "\n[solver]\nrtol = 1e-13\n";
}

const char* const in_chambers = "1 + 0.5*x";
/// 1 + x/2, 5, 2 + y in the three regions of the mesh.
std::string chambers() {
  return entropy(in_chambers, "left") + entropy("5", "neck") + entropy("2 + y", "right");
}

/// Where V is flat kT rho is the same everywhere, across jumps of kT and whatever D and the mesh.
TEST(Temperature, FlatEnergiesLeaveThePressureAtRest) {
  const std::string D = "[diffusion]\nexpression = \"1 + x^2\"\n";
  const std::string boxes =
      "[mesh]\nlower = [-1, -1]\nupper = [1, 1]\ncells = [12, 9]\ngrading = [2.0, 0.4]\n";
  for (const std::string& text : {boxes + entropy("x + 0.3*y > 0 ? 7 : 1 + y^2") + D,
                                  gmsh("meshes/two_chambers", "elements") + chambers() + D,
                                  gmsh("tests/meshes/two_regions_41", "vertices") +
                                      entropy("1 + x", "left") + entropy("6 + y", "right") + D}) {
    Scenario s(text + external("3"));
    ASSERT_FALSE(s.generator.symmetric());
    ASSERT_TRUE(s.generator.monotone());
    const auto& kT = s.generator.heat()->cells;
    std::vector<double> rho(kT.size()), out(kT.size());
    for (std::size_t k = 0; k < kT.size(); ++k) rho[k] = 1 / kT[k];
    s.generator.apply(rho, out);
    double gross = 0, rest = 0;
    for (std::size_t f = 0; f < s.generator.forward().size(); ++f) {
      gross = std::max(gross, s.generator.forward()[f]);
    }
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      rest = std::max(rest, std::abs(out[k]));
    }
    EXPECT_LE(rest, 1e-13 * gross);
    const auto [low, high] = std::ranges::minmax(kT);
    EXPECT_GT(s.mesh.comm.max(high), 2 * s.mesh.comm.min(low));
  }
}

/// kT = 1 + x/2, V = 2 x^2: kT rho is proportional to exp(-int V'/kT) = exp(-(8 x - 16 log kT)).
TEST(Temperature, DensitiesAtRestOnALineAreOfSecondOrder) {
  const auto exact = [](double x) {
    return std::exp(-8 * x + 16 * std::log(1 + 0.5 * x)) / (1 + 0.5 * x);
  };
  double last = 0;
  for (const int n : {40, 80, 160}) {
    Scenario s(line(
        n, 2, entropy("1 + 0.5*x") + external("2*x^2") + "[diffusion]\nexpression = \"1 + x\"\n"));
    const auto rho = stationary_state(s.generator).density;
    std::vector<double> other(rho.size());
    for (std::size_t k = 0; k < rho.size(); ++k) other[k] = exact(s.mesh.center[k][0]);
    const double mass = integral(s.mesh, other);
    for (double& r : other) r /= mass;
    const double e = s.l1(rho, other);
    if (last > 0) {
      EXPECT_NEAR(std::log2(last / e), 2, 0.05);
    }
    last = e;
  }
  EXPECT_LE(last, 1e-4);
}

/// Hot and cold places drive a current around a ring, though V = sin x is periodic: u = kT rho with
///
///   u' + phi' u = -J,   phi = int cos(x)/kT,   u(2 pi) = u(0),   int rho = 1,
///
/// kT = 1 + cos(x - c)/2; here by quadrature.
double current_of_ring(double c) {
  constexpr int n = 4096;
  constexpr double h = 2 * std::numbers::pi / n;
  std::vector<double> phi(n + 1, 0.0), inner(n + 1, 0.0);
  const auto T = [=](double x) { return 1 + 0.5 * std::cos(x - c); };
  for (int i = 0; i < n; ++i) {
    const double x = (i + 0.5) * h;
    phi[std::size_t(i) + 1] = phi[std::size_t(i)] + h * std::cos(x) / T(x);
  }
  // u = exp(-phi) (A - J E), E(x) = int_0^x exp(phi); u(2 pi) = u(0) = A gives A for J = 1
  for (std::size_t i = 0; i < n; ++i) {
    inner[i + 1] = inner[i] + 0.5 * h * (std::exp(phi[i]) + std::exp(phi[i + 1]));
  }
  const double A = inner[n] / (1 - std::exp(phi[n]));
  double mass = 0;
  for (std::size_t i = 0; i < n; ++i) {
    mass += h * std::exp(-phi[i]) * (A - inner[i]) / T(double(i) * h);
  }
  return 1 / mass;
}

TEST(Temperature, HotAndColdPlacesDriveACurrentAroundARing) {
  const double c = 0.7, exact = current_of_ring(c);
  ASSERT_GT(std::abs(exact), 0.01);
  double last = 0;
  for (const int n : {32, 64, 128}) {
    Scenario s("[mesh]\nlower = [0.0]\nupper = [6.283185307179586]\nperiodic = [true]\ncells = [" +
               std::to_string(n) + "]\n" + entropy("1 + 0.5*cos(x - 0.7)") + external("sin(x)"));
    const double e = std::abs(stationary_state(s.generator).current[0] / exact - 1);
    if (last > 0) {
      EXPECT_NEAR(std::log2(last / e), 2, 0.05);
    }
    last = e;
  }
  EXPECT_LE(last, 2e-3);
}

/// rho = 2 + cos(x) cos(y) on (0, pi)^2 is at rest with V = x y/4, kT = 1 + x/2 + y^2/10, k = 9 and the
/// source that makes it so: a plane where nothing is reversible. kT rho has slopes on walls, which V
/// does not balance, so what comes in through them is given as their density.
TEST(Temperature, ThePlaneIsOfSecondOrder) {
  const std::string T = "(1 + x/2 + y^2/10)", r = "(2 + cos(x)*cos(y))";
  const std::string rx = "(-sin(x)*cos(y))", ry = "(-cos(x)*sin(y))", lap = "(-2*cos(x)*cos(y))";
  // div(grad(T r) + r grad V) = T lap r + 2 grad T.grad r + r lap T + grad r.grad V + r lap V
  const std::string div = T + "*" + lap + " + " + rx + " + 0.4*y*" + ry + " + 0.2*" + r + " + " +
                          rx + "*y/4 + " + ry + "*x/4";
  const std::string sides = "[boundary.value]\nx_min = \"" + r + "\"\nx_max = \"" + r +
                            "\"\ny_min = \"" + r + "\"\ny_max = \"" + r + "\"\n";
  double last = 0;
  for (const int n : {24, 48}) {
    const std::string cells = std::to_string(n);
    Scenario s("[mesh]\nlower = [0, 0]\nupper = [3.141592653589793, 3.141592653589793]\ncells = [" +
               cells + ", " + cells + "]\n" + entropy("1 + x/2 + y^2/10") + external("x*y/4") +
               sides + "[reaction]\nrate = \"9\"\nsource = \"9*" + r + " - (" + div + ")\"\n" +
               march("implicit_euler", 5, 60));
    State state = s.initial();
    s.run(state);
    double e = 0;
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      const Point& x = s.mesh.center[k];
      e = std::max(e, std::abs(state.density[k] - 2 - std::cos(x[0]) * std::cos(x[1])));
    }
    e = s.mesh.comm.max(e);
    if (last > 0) {
      EXPECT_GE(std::log2(last / e), 1.8);
    }
    last = e;
  }
  EXPECT_LE(last, 3e-3);
}

/// Sides of the density 6/kT on either side of a flat V: kT rho = 6 everywhere.
TEST(Temperature, GivenDensitiesAtWallsKeepThePressure) {
  Scenario s(line(20, 2,
                  entropy("1 + x^2") + external("0") +
                      "[boundary.value]\nx_min = 6\nx_max = 1.2\n" +
                      march("implicit_euler", 1e3, 4e3)));
  State state = s.initial();
  s.run(state);
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    EXPECT_NEAR(state.density[k] * (1 + std::pow(s.mesh.center[k][0], 2)), 6, 1e-10);
  }
}

TEST(Temperature, MassIsBalancedAndTheFallOfFIsTold) {
  for (const char* scheme : {"implicit_euler", "crank_nicolson", "bdf2", "tr_bdf2"}) {
    Scenario s("[mesh]\nlower = [-1, -1]\nupper = [1, 1]\ncells = [11, 9]\n" +
               entropy("1 + 0.4*x*y + 0.1*t") + external("x^2 - 0.5*y") +
               "[boundary]\nabsorbing = [\"x_max\"]\noutflow = [\"y_max\"]\n[boundary.value]\n"
               "x_min = 1\n[boundary.robin]\ny_min = 0.7\n[reaction]\nrate = \"0.3\"\n"
               "source = \"1 + x\"\n" +
               march(scheme, 0.01, 0.03));
    State state = s.initial();
    s.run(state);
    const double start = s.records.front().ledger.mass;
    for (const auto& record : s.records) {
      double balance = record.ledger.mass - start;
      const auto names = s.exchange.names();
      for (std::size_t i = 0; i < names.size(); ++i) {
        balance += (names[i] == "supplied" ? -1 : 1) * record.exchanged[i];
      }
      EXPECT_NEAR(balance, 0, 1e-12) << scheme;
    }
  }
  // dissipation = -dF/dt, of either sign: by differences of F along the exact flow
  for (const char* V : {"0", "3*x"}) {
    Scenario s(line(30, 1, entropy("1 + 2*x") + external(V) + march("crank_nicolson", 1e-5, 2e-5)));
    State state = s.initial();
    const double at_start = ledger(s.generator, state.density, false).free_energy;
    s.run(state);
    const Ledger middle = s.records[1].ledger, end = s.records[2].ledger;
    EXPECT_NEAR((at_start - end.free_energy) / 2e-5, middle.dissipation,
                1e-4 * std::abs(middle.dissipation))
        << V;
  }
}

/// kT = 1 + t and V flat: the second moment grows by 2 int kT dt while nothing is at the walls.
TEST(Temperature, OfTimeIsTakenAtTheTimesOfTheScheme) {
  for (const char* scheme : {"crank_nicolson", "tr_bdf2", "bdf2", "midpoint"}) {
    double last = 0;
    for (const double step : {0.1, 0.05}) {
      Scenario s("[mesh]\nlower = [-12]\nupper = [12]\ncells = [240]\n" + entropy("1 + t^2") +
                 external("0") + "[initial]\nkind = \"gaussian\"\nmean = [0.0]\nvariance = 0.5\n" +
                 "[time]\nscheme = \"" + scheme + "\"\nstep = " + std::to_string(step) +
                 "\nend = 0.6\n[solver]\nrtol = 1e-13\n");
      State state = s.initial();
      const double before = s.second_moment(state);
      s.run(state);
      const double e = std::abs(s.second_moment(state) - before - 2 * (0.6 + 0.072));
      if (last > 0 && last > 1e-10) {
        EXPECT_GE(std::log2(last / e), 1.8) << scheme;
      }
      last = e;
    }
    EXPECT_LE(last, 5e-3) << scheme;
  }
}

/// A text that does not vary is the number; regions of one temperature are the whole.
TEST(Temperature, ThatIsTheSameEverywhereIsANumber) {
  Scenario number(
      "[mesh]\nlower = [0]\nupper = [1]\ncells = [9]\n[[energy]]\nkind = \"entropy\"\n"
      "temperature = 0.7\n" +
      external("x^2")),
      text(line(9, 1, entropy("0.7 + 0*x") + external("x^2")));
  for (std::size_t f = 0; f < number.generator.forward().size(); ++f) {
    EXPECT_NEAR(number.generator.forward()[f], text.generator.forward()[f], 1e-12);
    EXPECT_NEAR(number.generator.backward()[f], text.generator.backward()[f], 1e-12);
  }
}

void expect_refusal(const std::string& text, const std::string& words) {
  try {
    Scenario s(text);
    (void)s.initial();
    (void)s.make_stepper();
    FAIL() << text;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
  }
}

TEST(Temperature, IsRefusedWithWhatNeedsAFreeEnergy) {
  const std::string kT = entropy("1 + x"), flat = external("0");
  const std::string later = march("implicit_euler", 0.1, 0.1);
  for (const char* scheme : {"jko", "jko_bdf2", "jko_midpoint"}) {
    expect_refusal(line(8, 1, kT + flat + march(scheme, 0.1, 0.1)),
                   "no free energy goes with a temperature that varies");
  }
  for (const char* kind : {"fourth_order", "limited", "simplex"}) {
    expect_refusal(line(8, 1, kT + flat + "[flux]\nkind = \"" + kind + "\"\n" + later),
                   "is for one temperature everywhere");
  }
  expect_refusal(gmsh("meshes/disc", "medians") + kT + flat + later, "cells bounded by medians");
  expect_refusal(line(8, 1, kT + "[[energy]]\nkind = \"power\"\nexponent = 2\n" + later),
                 "goes with external energies alone");
  expect_refusal(line(8, 1, kT + flat + "[mobility]\nmaximum = 3\n" + later),
                 "a temperature that varies goes with a mobility that is the density");
  expect_refusal(
      line(8, 1, kT + flat + "[diffusion]\nexpression = \"2\"\nconvention = \"ito\"\n" + later),
      "is for one temperature everywhere");
  expect_refusal(line(8, 1,
                      kT + flat +
                          "[initial]\nkind = \"gibbs\"\n[time]\nscheme = "
                          "\"implicit_euler\"\nstep = 0.1\nend = 0.1\n"),
                 "is at rest where the temperature is the same everywhere");
  expect_refusal(line(8, 1, entropy("x - 0.5") + flat + later), "kT is -0.4375 at (0.0625)");
  expect_refusal(line(8, 1, kT + kT + flat + later), "a second entropy term");
  const std::string two = gmsh("meshes/two_chambers", "elements");
  expect_refusal(two + entropy("1", "left") + entropy("2", "neck") + flat + later,
                 "lies in no region that has a temperature");
  expect_refusal(two + chambers() + entropy("2", "neck") + flat + later,
                 "have a temperature already");
  expect_refusal(two + chambers() + entropy("2") + flat + later,
                 "another entropy belongs to a region");
  expect_refusal(two + entropy("1", "left_") + flat + later, "has no region 'left_'");
}

}  // namespace
}  // namespace otto::test
