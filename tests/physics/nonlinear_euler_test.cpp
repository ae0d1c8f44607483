// Implicit Euler for nonlinear free energies against exact solutions and equilibria, and what it
// promises of every energy: mass, sign, bounds, and a free energy that never rises.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/core/error.h"
#include "scenario.h"

namespace otto::test {
namespace {

constexpr double pi = std::numbers::pi;

std::string box(int d, double lower, double upper, int n) {
  std::string low, high, cells;
  for (int a = 0; a < d; ++a) {
    const char* comma = a > 0 ? ", " : "";
    low += fmt::format("{}{:.17f}", comma, lower);
    high += fmt::format("{}{:.17f}", comma, upper);
    cells += fmt::format("{}{}", comma, n);
  }
  return fmt::format("[mesh]\nkind = \"box\"\nlower = [{}]\nupper = [{}]\ncells = [{}]\n", low,
                     high, cells);
}

std::string term(const std::string& lines) { return "[[energy]]\nkind = " + lines + "\n"; }

std::string euler(double start, double end, double step) {
  return fmt::format(
      "[time]\nscheme = \"implicit_euler\"\nstart = {:.17f}\nend = {:.17f}\n"
      "step = {:.17f}\n",
      start, end, step);
}

/// Runs and checks mass, sign and decay of every step.
void run_checked(Scenario& s, State& state) {
  (void)s.run(state);
  const double mass = s.records.front().ledger.mass, P = s.energy.internal().maximum();
  double F = s.records.front().ledger.free_energy;
  const double size = std::abs(F) + std::abs(s.records.back().ledger.free_energy);
  for (const StepRecord& r : s.records) {
    EXPECT_NEAR(r.ledger.mass / mass, 1, 1e-13) << r.step;
    EXPECT_GE(r.ledger.min_density, 0) << r.step;
    EXPECT_LE(r.ledger.max_density, P * (1 + 1e-14)) << r.step;
    EXPECT_LE(r.ledger.free_energy, F + 1e-12 * size) << r.step;
    if (r.step > 0) {
      EXPECT_LE(r.edi_gap, 1e-11 * size) << r.step;
    }
    F = r.ledger.free_energy;
  }
}

/// Barenblatt's solution of d_t rho = Laplacian rho^m: t^-a (C - k |x|^2 t^-2b)_+^(1/(m-1)).
struct Barenblatt {
  double m;
  int d;
  double C = 0.1, a = d / (d * (m - 1) + 2.0), b = a / d, k = b * (m - 1) / (2 * m);

  [[nodiscard]] double radius(double t) const { return std::sqrt(C / k) * std::pow(t, b); }
  [[nodiscard]] double at(double r, double t) const {
    const double base = C - k * r * r * std::pow(t, -2 * b);
    return base > 0 ? std::pow(t, -a) * std::pow(base, 1 / (m - 1)) : 0;
  }
  [[nodiscard]] std::string text(const std::string& t) const {
    const std::string r2 = d == 1 ? "x^2" : "(x^2 + y^2)";
    return fmt::format(
        "{0}^(-{1:.17f})*max({2:.17f} - {3:.17f}*{4}*{0}^(-2*{5:.17f}), 0)^(1/{6:.17f})", t, a, C,
        k, r2, b, m - 1);
  }
  /// 2 int_0^R, or 2 pi int_0^R r dr, by the midpoint rule in the angle r = R sin.
  [[nodiscard]] double mass(double t) const {
    constexpr int n = 20000;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
      const double angle = 0.5 * pi * (i + 0.5) / n, r = radius(t) * std::sin(angle);
      sum += at(r, t) * std::cos(angle) * (d == 1 ? 2 : 2 * pi * r);
    }
    return sum * radius(t) * 0.5 * pi / n;
  }
};

/// L1 error at t = 2 from t = 1, relative to the mass, and how far the edge is off, in cells.
std::array<double, 2> barenblatt_error(const Barenblatt& exact, int n) {
  const double side = 1.15 * exact.radius(2), h = 2 * side / n;
  Scenario s(box(exact.d, -side, side, n) +
             term(fmt::format("\"power\"\nexponent = {:.17f}", exact.m)) +
             "[initial]\nkind = \"expression\"\nexpression = \"" + exact.text("1") +
             fmt::format("\"\nmass = {:.17f}\n", exact.mass(1)) + "[exact]\ndensity = \"" +
             exact.text("t") + "\"\n" + euler(1, 2, 1.0 / (0.5 * n)));
  State state = s.initial();
  run_checked(s, state);
  double edge = 0;  // the last cell on the axes with what a cell one inside the edge holds
  const double inside = exact.at(exact.radius(2) - h, 2);
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    const Point& x = s.mesh.center[k];
    if (std::abs(x[1]) < h && state.density[k] > inside) edge = std::max(edge, std::abs(x[0]));
  }
  edge = s.mesh.comm.max(edge) + 0.5 * h;
  const auto answer = exact_density(s.c, s.mesh, 2);
  return {s.l1(state.density, *answer) / exact.mass(1), std::abs(edge - exact.radius(2)) / h};
}

TEST(NonlinearEuler, Barenblatt) {
  for (const double m : {2.0, 3.0}) {
    for (const int d : {1, 2}) {
      if (m > 2 && Comm().size() > 1) continue;  // the same on one rank
      const Barenblatt exact{m, d};
      const int n = d == 1 ? 100 : 32;
      const auto coarse = barenblatt_error(exact, n), fine = barenblatt_error(exact, 2 * n);
      fmt::print("m = {}, d = {}: L1 {:.3e}, {:.3e}, order {:.2f}, edge off by {:.2f} cells\n", m,
                 d, coarse[0], fine[0], std::log2(coarse[0] / fine[0]), fine[1]);
      EXPECT_LE(fine[0], d == 1 ? 0.01 : 0.02);
      // First order in h and dt, but for the edge, where rho is only Hoelder 1/(m - 1) and
      // upwinding smears it over some cells: their share is still large on 32 cells across.
      EXPECT_GE(std::log2(coarse[0] / fine[0]), d == 1 ? 0.85 : 0.6);
      EXPECT_LE(fine[1], 1.5);
    }
  }
}

TEST(NonlinearEuler, PorousMediumInATrapComesToRest) {
  Scenario s(box(2, -2, 2, 40) + term("\"power\"\nexponent = 2.0") +
             term("\"external\"\nexpression = \"(x^2 + y^2)/2\"") +
             "[initial]\nkind = \"expression\"\nexpression = \"(abs(x) < 1)*(abs(y) < 0.5)\"\n"
             "mass = 2.0\n" +
             euler(0, 8, 0.2));
  State state = s.initial();
  run_checked(s, state);
  // equilibrium (c - |x|^2/2)_+/2 with mass pi c^2/2 = 2; order h of the upwind mobility vanishes
  const double c = std::sqrt(4 / pi);
  std::vector<double> exact(std::size_t(s.mesh.owned));
  for (std::size_t k = 0; k < exact.size(); ++k) {
    const Point& x = s.mesh.center[k];
    exact[k] = std::max(c - 0.5 * (x[0] * x[0] + x[1] * x[1]), 0.0) / 2;
  }
  EXPECT_LE(s.l1(state.density, exact) / 2, 5e-3);
  EXPECT_LE(s.records.back().ledger.dissipation, 1e-10);
}

TEST(NonlinearEuler, CrowdAgainstAWall) {
  const auto error = [](int n, double t) {
    Scenario s(box(1, 0, 1, n) + term("\"crowd\"\nmaximum = 1.0") +
               term("\"external\"\nexpression = \"x\"") +
               "[initial]\nkind = \"uniform\"\nmass = 0.5\n" + euler(0, t, 0.5 / n));
    State state = s.initial();
    run_checked(s, state);
    std::vector<double> exact(std::size_t(s.mesh.owned));
    for (std::size_t k = 0; k < exact.size(); ++k) {
      const double x = s.mesh.center[k][0];
      exact[k] = x < std::min(t, 0.5) ? 1 : x < 1 - t ? 0.5 : 0;
    }
    return s.l1(state.density, exact);
  };
  // the tail behind spreads like a shock of linear transport: sqrt(h); the full zone stays sharp
  const double coarse = error(50, 0.25), fine = error(200, 0.25);
  EXPECT_LE(fine, 0.06);
  EXPECT_LE(fine, 0.6 * coarse);
  EXPECT_LE(error(50, 2.0), 1e-6) << "all at rest against the wall";
}

TEST(NonlinearEuler, SecondMomentOfKellerSegel) {
  for (const double factor : {4.0, 8.0, 12.0}) {
    const double M = factor * pi, variance = 0.8, end = 0.04, dt = factor > 8 ? 0.002 : 0.004;
    Scenario s(box(2, -5.5, 5.5, 120) + term("\"entropy\"\ntemperature = 1.0") +
               term(fmt::format("\"interaction\"\nlibrary = \"logarithmic\"\nstrength = {:.17f}",
                                1 / (2 * pi))) +
               fmt::format("[initial]\nkind = \"gaussian\"\nmean = [0.0, 0.0]\nvariance = {}\n"
                           "mass = {:.17f}\n",
                           variance, M) +
               euler(0, end, dt));
    State state = s.initial();
    const double before = s.second_moment(state);
    run_checked(s, state);
    const double slope = (s.second_moment(state) - before) / end, exact = 4 * M * (1 - factor / 8);
    fmt::print("M = {} pi: slope {:.4f}, exact {:.4f}\n", factor, slope, exact);
    const double size =
        factor == 8 ? 4 * M : std::abs(exact);  // of the diffusion where they cancel
    EXPECT_LE(std::abs(slope - exact), 0.01 * size) << factor;
  }
}

TEST(NonlinearEuler, EntropyWithAnInteractionIsOfSecondOrderInSpace) {
  // W = r^2/2: the mean rests, and var' = 2 (1 - var); steps as h^2, so that space decides
  const auto error = [](int n) {
    Scenario s(box(1, -6, 6, n) + term("\"entropy\"\ntemperature = 1.0") +
               term("\"interaction\"\nlibrary = \"quadratic\"") +
               "[initial]\nkind = \"gaussian\"\nmean = [0.3]\nvariance = 0.3\n"
               "[exact]\ndensity = \"exp(-(x - 0.3)^2/2/(1 - 0.7*exp(-2*t)))/sqrt(2*pi*(1 - "
               "0.7*exp(-2*t)))\"\n" +
               euler(0, 0.5, 16.0 / (n * n)));
    State state = s.initial();
    run_checked(s, state);
    return s.l1(state.density, *exact_density(s.c, s.mesh, 0.5));
  };
  const double coarse = error(32), fine = error(64);
  fmt::print("quadratic attraction: L1 {:.3e}, {:.3e}\n", coarse, fine);
  EXPECT_GE(std::log2(coarse / fine), 1.9);
}

/// Long runs of small problems: one rank is enough, DoesNotDependOnTheRanks compares ranks.
bool on_one_rank() { return Comm().size() == 1; }

TEST(NonlinearEuler, AttractionAndLogarithmicRepulsionBalance) {
  if (!on_one_rank()) GTEST_SKIP();
  // W = x^2/2 - log|x|: the semicircle law; the centre of mass does not move
  Scenario s(box(1, -2, 2, 200) + term("\"interaction\"\nlibrary = \"attractive_repulsive\"") +
             "[initial]\nkind = \"gaussian\"\nmean = [0.1]\nvariance = 0.1\n" + euler(0, 6, 0.01));
  State state = s.initial();
  run_checked(s, state);
  const Case exact = parse_case(
      "[exact]\ndensity = \"sqrt(max(2 - (x - 0.1)^2, 0))/pi\"\n"
      "[mesh]\nkind = \"box\"\nlower = [0.0]\nupper = [1.0]\ncells = [4]\n",
      "exact.toml");
  EXPECT_LE(s.l1(state.density, *exact_density(exact, s.mesh, 0)), 1e-3);
}

TEST(NonlinearEuler, PlanarAggregateIsAUniformDisc) {
  if (!on_one_rank()) GTEST_SKIP();
  Scenario s(box(2, -1.6, 1.6, 48) + term("\"interaction\"\nlibrary = \"quadratic\"") +
             term("\"interaction\"\nlibrary = \"logarithmic\"\nstrength = -1.0") +
             "[initial]\nkind = \"gaussian\"\nmean = [0.0, 0.0]\nvariance = 0.1\n" +
             euler(0, 3, 0.02));
  State state = s.initial();
  run_checked(s, state);
  double max = 0, inside = 0;
  std::vector<double> within(std::size_t(s.mesh.owned));
  for (std::size_t k = 0; k < within.size(); ++k) {
    const double r = std::hypot(s.mesh.center[k][0], s.mesh.center[k][1]);
    if (r < 0.8) max = std::max(max, std::abs(state.density[k] * pi - 1));
    within[k] = r < 1.1 ? state.density[k] : 0.0;
  }
  inside = integral(s.mesh, within);
  EXPECT_LE(s.mesh.comm.max(max), 0.01);
  EXPECT_GE(inside, 0.999);
}

const std::string everything =
    box(2, -1, 1, 16) + term("\"entropy\"\ntemperature = 0.3") +
    term("\"power\"\nexponent = 3.0\nstrength = 0.2") + term("\"crowd\"\nmaximum = 0.9") +
    term("\"external\"\nexpression = \"5*x + (x*y)^2\"") +
    term("\"interaction\"\nlibrary = \"gaussian\"\nrange = 0.3\nstrength = 2.0") +
    "[initial]\nkind = \"expression\"\nexpression = \"(x > 0)*(1 + sin(5*y)/4)\"\nmass = 1.2\n"
    "[solver]\nrtol = 1e-11\n";

TEST(NonlinearEuler, KeepsItsPromisesForSumsAndLongSteps) {
  for (const double dt : {0.02, 0.5}) {
    SCOPED_TRACE(dt);
    Scenario s(everything + euler(0, 4 * dt, dt));
    State state = s.initial();
    run_checked(s, state);
    EXPECT_GT(s.records.back().ledger.min_density, 0);
  }
}

TEST(NonlinearEuler, DoesNotDependOnTheRanks) {
  const std::string toml = everything + euler(0, 0.3, 0.05);
  Scenario all(toml), one(toml, {}, Comm(MPI_COMM_SELF));
  State together = all.initial(), alone = one.initial();
  (void)all.run(together);
  (void)one.run(alone);
  for (std::size_t k = 0; k < std::size_t(all.mesh.owned); ++k) {
    EXPECT_NEAR(together.density[k], alone.density[std::size_t(all.mesh.global[k])], 1e-10);
  }
}

TEST(NonlinearEuler, ARefusedStepLeavesTheState) {
  Scenario s(box(2, -3, 3, 40) + term("\"entropy\"\ntemperature = 1.0") +
             term("\"interaction\"\nlibrary = \"logarithmic\"\nstrength = 40.0") +
             "[initial]\nkind = \"gaussian\"\nmean = [0.3, 0.0]\nvariance = 0.2\n" +
             euler(0, 9, 9));
  State state = s.initial();
  const State before = state;
  const auto stepper = s.make_stepper();
  stepper->restart(state);
  const StepReport report = stepper->advance(state, 9);
  EXPECT_FALSE(report.accepted);
  EXPECT_NE(report.reason.find("Newton"), std::string::npos) << report.reason;
  EXPECT_EQ(state.density, before.density);
  EXPECT_EQ(state.time, before.time);
}

TEST(NonlinearEuler, OtherSchemesAreRefusedByName) {
  for (const char* scheme : {"bdf2", "crank_nicolson", "tr_bdf2", "midpoint", "exponential"}) {
    Scenario s(box(1, 0, 1, 8) + term("\"power\"\nexponent = 2.0") + "[time]\nscheme = \"" +
               scheme + "\"\nend = 1.0\nstep = 0.1\n");
    try {
      (void)s.make_stepper();
      ADD_FAILURE() << scheme;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), ExitStatus::bad_input);
      const std::string what = e.what();
      EXPECT_NE(what.find("scenario.toml:10"), std::string::npos) << what;
      EXPECT_NE(what.find(scheme), std::string::npos) << what;
      EXPECT_NE(what.find("'implicit_euler'"), std::string::npos) << what;
    }
  }
}

}  // namespace
}  // namespace otto::test
