// [boundary], [reaction] and what returns: stationary profiles, ground states, balances of mass, and where it all is
// refused.

#include "otto/operators/exchange.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/analysis/observables.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "scenario.h"

namespace otto::test {
namespace {

const SolverOptions tight{.rtol = 1e-12};

std::string entropy(double kT) {
  return "[[energy]]\nkind = \"entropy\"\ntemperature = " + std::to_string(kT) + "\n";
}
std::string external(const std::string& V) {
  return "[[energy]]\nkind = \"external\"\nexpression = \"" + V + "\"\n";
}
std::string line(int cells, double lower, double upper, const std::string& more) {
  return "[mesh]\nlower = [" + std::to_string(lower) + "]\nupper = [" + std::to_string(upper) +
         "]\ncells = [" + std::to_string(cells) + "]\n" + more;
}
std::string march(const std::string& scheme, double step, double end) {
  return "[time]\nscheme = \"" + scheme + "\"\nstep = " + std::to_string(step) +
         "\nend = " + std::to_string(end) + "\n[solver]\nrtol = 1e-12\n";
}

Spectrum spectrum_of(Scenario& s, int count) {
  ShiftedSolver solver(s.generator, tight);
  return slowest_modes(s.generator, solver, {.count = count});
}

/// d_t rho = (rho' + x rho)' - x^2 rho: with psi = rho exp(x^2/4) the oscillator -psi'' + (1/4 + 1) x^2 psi - psi/2,
/// of levels (2 n + 1) sqrt(5/4) - 1/2; the lowest is the golden ratio less 1.
TEST(Reaction, GroundStateOfKillingInAHarmonicWell) {
  std::vector<std::vector<double>> rates;
  for (const int n : {256, 512, 1024}) {
    Scenario s(line(n, -9, 9, entropy(1) + external("0.5*x^2") + "[reaction]\nrate = \"x^2\"\n"));
    rates.emplace_back();
    for (const Mode& mode : spectrum_of(s, 3).modes) rates.back().push_back(mode.rate);
  }
  for (std::size_t m = 0; m < 3; ++m) {
    const double exact = (2 * double(m) + 1) * std::sqrt(1.25) - 0.5;
    const double a = rates[0][m], b = rates[1][m], c = rates[2][m];
    EXPECT_NEAR(std::log2((a - exact) / (b - exact)), 2, 0.02) << m;
    const double once = (4 * b - a) / 3, twice = (4 * c - b) / 3;
    EXPECT_NEAR((16 * twice - once) / 15, exact, 1e-8 * exact) << m;
  }
}

/// mass + what has left - what has come in = the mass at the start, to rounding.
void expect_balance(const Scenario& s, const std::string& what) {
  const double start = s.records.front().ledger.mass;
  double moved = 0;
  for (const auto& record : s.records) {
    const auto names = s.exchange.names();
    ASSERT_EQ(record.exchanged.size(), names.size()) << what;
    double balance = record.ledger.mass - start;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool in = names[i] == "supplied" || names[i] == "reinjected";
      balance += (in ? -1 : 1) * record.exchanged[i];
      moved += std::abs(record.exchanged[i]);
    }
    EXPECT_NEAR(balance, 0, 1e-12) << what << " at " << record.time;
  }
  EXPECT_GT(moved, 0.01) << what;
}

const char* const all_kinds =
    "[boundary]\nabsorbing = [\"x_max\"]\noutflow = [\"y_max\"]\n[boundary.value]\nx_min = \"1 + "
    "y*y + "
    "0.1*t\"\n[boundary.robin]\ny_min = 0.7\n[reaction]\nrate = \"0.3 + x^2\"\nsource = \"1 + "
    "sin(3*x)\"\n";

TEST(Balance, SidesSourcesAndChangeAddUpToRounding) {
  for (const char* scheme : {"implicit_euler", "crank_nicolson", "bdf2", "tr_bdf2"}) {
    Scenario s("[mesh]\nlower = [-1, -1]\nupper = [1, 1]\ncells = [17, 13]\n" + entropy(0.5) +
               external("x^2 - 0.5*y") + all_kinds +
               "[drift]\nexpression = [\"y\", \"-x + 0.3\"]\n[initial]\nkind = \"uniform\"\n" +
               march(scheme, 0.01, 0.1));
    State state = s.initial();
    s.run(state);
    expect_balance(s, scheme);
  }
}

TEST(Balance, MidpointAndExponentialCountWhatLeaves) {
  for (const char* scheme : {"midpoint", "exponential"}) {
    Scenario s(line(60, 0, 1,
                    entropy(0.5) + external("x") + "[boundary]\nabsorbing = [\"x_max\"]\n" +
                        "[initial]\nkind = \"uniform\"\n" + march(scheme, 0.01, 0.05)));
    State state = s.initial();
    s.run(state);
    expect_balance(s, scheme);
  }
}

/// The state at a long time: rho = 1 + x/3 of one value and one robin side, kappa: -D rho' = kappa rho at 1.
TEST(Boundary, StationaryProfilesAreMet) {
  const double kT = 0.5,
               kappa = 0.25;  // rho = 2 - c x, kT c = kappa (2 - c): c = 2 kappa/(kT + kappa)
  Scenario s(line(20, 0, 1,
                  entropy(kT) + external("0") +
                      "[boundary.value]\nx_min = 2\n[boundary.robin]\nx_max = 0.25\n" +
                      "[initial]\nkind = \"uniform\"\n" + march("implicit_euler", 10, 200)));
  State state = s.initial();
  s.run(state);
  const double c = 2 * kappa / (kT + kappa);
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    EXPECT_NEAR(state.density[k], 2 - c * s.mesh.center[k][0], 1e-9);
  }
}

/// rho = 2 + sin x at rest, with V = x^2/2, D = 1 + x, k = 6 and the source that makes it so.
TEST(Boundary, GivenDensitiesAreOfSecondOrder) {
  double last = 0;
  for (const int n : {32, 64}) {
    Scenario s(
        line(n, 0, 2,
             entropy(1) + external("0.5*x^2") +
                 "[diffusion]\nexpression = \"1 + x\"\n[boundary.value]\nx_min = 2\nx_max = "
                 "\"2 + sin(2)\"\n[reaction]\nrate = \"6\"\nsource = \"6*(2 + sin(x)) - (cos(x) + "
                 "x*(2 + sin(x))) - (1 + x)*(2 + x*cos(x))\"\n[initial]\nkind = \"uniform\"\n" +
                 march("implicit_euler", 5, 100)));
    State state = s.initial();
    s.run(state);
    double e = 0;
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      e = std::max(e, std::abs(state.density[k] - 2 - std::sin(s.mesh.center[k][0])));
    }
    e = s.mesh.comm.max(e);
    if (last > 0) {
      EXPECT_GE(std::log2(last / e), 1.9);
    }
    last = e;
  }
  EXPECT_LE(last, 2e-3);
}

/// The velocity u = -D V' + b = 1.5 carries mass out at the upper end, and nothing at the lower one.
TEST(Boundary, OutflowCarriesWithTheVelocityAlone) {
  Scenario s(line(50, 0, 1,
                  entropy(0.5) + external("-0.6*x") +
                      "[diffusion]\nexpression = \"2\"\n[drift]\nexpression = [\"0.3\"]\n"
                      "[boundary]\noutflow = [\"x_max\", \"x_min\"]\n"));
  std::vector<double> rho(std::size_t(s.mesh.local()));
  double outermost = 0;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const double x = s.mesh.center[k][0];
    rho[k] = 1 + x * x;
    if (x > 0.98) outermost = rho[k];
  }
  const auto rates = s.generator.exchange_rates(rho);
  EXPECT_NEAR(rates[0], 1.5 * s.mesh.comm.max(outermost), 1e-12);
  EXPECT_EQ(rates[1], 0);
}

/// What leaves comes back with the initial law: mass is kept, and at rest the flux is 1 over the mean exit time (Hill).
TEST(Reinjection, StationaryFluxIsTheInverseExitTime) {
  for (const char* scheme : {"implicit_euler", "tr_bdf2"}) {
    Scenario s(
        line(64, 0, 1,
             entropy(0.5) + external("x") +
                 "[boundary]\nabsorbing = [\"x_max\"]\nreinject = \"initial\"\n[initial]\nkind = "
                 "\"expression\"\nexpression = \"x < 0.3\"\n" +
                 march(scheme, 0.5, 20)));
    State state = s.initial();
    std::vector<double> mass(std::size_t(s.mesh.owned));
    for (std::size_t k = 0; k < mass.size(); ++k) mass[k] = s.mesh.volume[k] * state.density[k];
    s.generator.reinject(mass);
    const auto T = mean_exit_time(s.generator, tight);
    double mean = 0;
    for (std::size_t k = 0; k < mass.size(); ++k) mean += mass[k] * T[k];
    mean = s.mesh.comm.sum(mean);
    s.run(state);
    expect_balance(s, scheme);
    EXPECT_NEAR(s.records.back().ledger.mass, 1, 1e-12);
    EXPECT_NEAR(s.generator.exchange_rates(state.density)[0], 1 / mean, 1e-9 / mean) << scheme;
  }
}

/// A set that absorbs inside: the exit time from outside of it, second order at its own edge.
TEST(Sets, AbsorbInside) {
  double last = 0;
  for (const int n : {50, 100}) {  // 0 < x < 0.737, wall at 0: T = (0.737^2 - x^2) / (2 kT)
    Scenario s(
        line(n, 0, 1,
             entropy(0.5) + external("0") +
                 "[[set]]\nname = \"A\"\nexpression = \"x - 0.737\"\n[boundary]\nabsorbing = "
                 "[\"A\"]\n"));
    const auto T = mean_exit_time(s.generator, tight);
    double e = 0;
    for (std::size_t k = 0; k < T.size(); ++k) {
      const double x = s.mesh.center[k][0];
      if (x < 0.737) e = std::max(e, std::abs(T[k] - (0.737 * 0.737 - x * x)));
    }
    e = s.mesh.comm.max(e);
    if (last > 0) {
      EXPECT_GE(std::log2(last / e), 1.5);
    }
    last = e;
  }
  EXPECT_LE(last, 1e-3);
}

TEST(Exchange, IsRefusedWhereMassIsKept) {
  const std::pair<const char*, const char*> cases[] = {
      {"[reaction]\nrate = \"1\"\n", "jko"},
      {"[reaction]\nsource = \"1\"\n", "exponential"},
      {"[reaction]\nsource = \"1\"\n", "midpoint"},
      {"[boundary]\nabsorbing = [\"x_max\"]\nreinject = \"initial\"\n", "exponential"}};
  for (const auto& [lines, scheme] : cases) {
    Scenario s(line(8, 0, 1, entropy(1) + external("0") + lines + march(scheme, 0.1, 0.1)));
    EXPECT_THROW((void)s.make_stepper(), InputError) << lines << scheme;
  }
  for (const char* lines :
       {"[reaction]\nrate = \"-1\"\n", "[reaction]\nsource = \"x - 0.5\"\n",
        "[boundary.value]\nx_min = -1\n", "[boundary.value]\nx_mid = 1\n",
        "[boundary.robin]\nx_min = \"1 +\"\n",
        "[boundary]\nabsorbing = [\"x_min\"]\n[boundary.robin]\nx_min = 1\n",
        "[boundary]\nreinject = \"initial\"\n", "[boundary]\nabsorbing = [\"A\"]\n",
        "[[set]]\nname = \"A\"\nexpression = \"x - 5\"\n[boundary]\nabsorbing = [\"A\"]\n",
        "[[set]]\nname = \"A\"\n"}) {
    EXPECT_THROW(Scenario(line(8, 0, 1, entropy(1) + external("0") + lines)), Error) << lines;
  }
}

TEST(Exchange, CellsAroundVerticesTakeNoGivenDensity) {
  Scenario s("[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
             "/meshes/disc.msh\"\ncontrol_volumes = \"medians\"\n" +
             entropy(1));
  Exchange given{};
  given.openings.push_back({.name = "rim",
                            .kind = Opening::Kind::value,
                            .factor = {},
                            .where = {.name = "rim", .side = "rim"}});
  const auto make = [&] { Generator(s.mesh, s.energy, s.generator.flux(), nullptr, &given); };
  EXPECT_THROW(make(), InputError);
  given.openings[0].kind = Opening::Kind::absorbing;
  EXPECT_NO_THROW(make());
}

}  // namespace
}  // namespace otto::test
