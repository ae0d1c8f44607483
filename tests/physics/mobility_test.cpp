// Mobilities m = rho^p (1 - rho/P): Fermi's and Dirac's equilibrium, fronts of Burgers' equation, Barenblatt's profile
// of another power, and on random problems what holds for all: bounds, mass, a free energy that never grows.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "scenario.h"

namespace otto::test {
namespace {

std::string lattice_gas(const std::string& kT, const std::string& P) {
  return "[[energy]]\nkind = \"entropy\"\ntemperature = " + kT +
         "\n[[energy]]\nkind = \"vacancies\"\ntemperature = " + kT + "\nmaximum = " + P +
         "\n[mobility]\nmaximum = " + P + "\n";
}

std::string external(const std::string& V) {
  return "[[energy]]\nkind = \"external\"\nexpression = \"" + V + "\"\n";
}

/// P / (1 + exp((V - mu)/kT)) of that mass; V owned.
std::vector<double> fermi_dirac(const Scenario& s, double kT, double P, double mass) {
  const auto V = s.generator.external().first(std::size_t(s.mesh.owned));
  std::vector<double> rho(V.size());
  double low = -50, high = 50;
  for (int i = 0; i < 200; ++i) {
    const double mu = 0.5 * (low + high);
    for (std::size_t k = 0; k < V.size(); ++k) rho[k] = P / (1 + std::exp((V[k] - mu) / kT));
    (integral(s.mesh, rho) < mass ? low : high) = mu;
  }
  return rho;
}

TEST(Mobility, LatticeGasRestsAtFermisAndDiracsDensity) {
  const std::string start =
      "[initial]\nkind = \"expression\"\nexpression = \"1 + 0.1*x\"\nmass = 1.5\n[time]\nscheme = "
      "\"implicit_euler\"\nstep = 20.0\nend = 4000.0\n[solver]\nrtol = 1e-12\n";
  const std::string meshes[] = {
      "[mesh]\nlower = [-1.5]\nupper = [1.5]\ncells = [90]\n",
      "[mesh]\nlower = [-1.5, -1]\nupper = [1.5, 1]\ncells = [18, 12]\nperiodic = [false, true]\n",
      "[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR "/tests/meshes/two_regions_41.msh\"\n"};
  const std::string V[] = {"(x^2-1)^2 + 0.3*x", "(x^2-1)^2 + 0.3*x + 0.2*cos(3.14159265358979*y)",
                           "x + 0.5*y^2"};
  const double P[] = {1.0, 0.5, 1.6};
  for (std::size_t m = 0; m < 3; ++m) {
    Scenario s(meshes[m] + lattice_gas("0.3", std::to_string(P[m])) + external(V[m]) + start);
    State state = s.initial();
    EXPECT_EQ(s.run(state).rejected, 0);
    const auto expected = fermi_dirac(s, 0.3, P[m], 1.5);
    double error = 0;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      error = std::max(error, std::abs(state.density[k] - expected[k]));
    }
    EXPECT_LE(s.mesh.comm.max(error), 1e-9) << "mesh " << m;
  }
}

/// With V = c x the lattice gas is Burgers' equation, d_t rho = kT rho'' + c (rho (1 - rho/P))', with the front
/// rho = r / (1 + exp(c r (x - s t)/(kT P))) of speed s = -c (1 - r/P). First order in h and dt.
TEST(Mobility, FrontOfBurgersMovesAtItsSpeed) {
  const double r = 0.6, kT = 0.1, t = 1.5;
  const auto front = [&](double x, double time) {
    return r / (1 + std::exp(r * (x - 1 + 0.4 * time) / kT));
  };
  std::vector<double> error;
  for (const int n : {100, 200, 400}) {
    Scenario s("[mesh]\nlower = [-6]\nupper = [4]\ncells = [" + std::to_string(n) + "]\n" +
               lattice_gas("0.1", "1.0") + external("x") +
               "[initial]\nkind = \"expression\"\nexpression = \"0.6/(1 + exp(6*(x - "
               "1)))\"\nmass = 4.2\n[time]\nscheme = \"implicit_euler\"\nstep = " +
               std::to_string(5.0 / n) + "\nend = 1.5\n");
    State state = s.initial();
    EXPECT_EQ(s.run(state).rejected, 0);
    std::vector<double> difference(std::size_t(s.mesh.owned));
    for (std::size_t k = 0; k < difference.size(); ++k) {
      const double x = s.mesh.center[k][0];  // the left wall fills up from x = -6
      difference[k] = x > -3 ? std::abs(state.density[k] - front(x, t)) : 0;
    }
    error.push_back(integral(s.mesh, difference));
  }
  EXPECT_LE(error[2], 0.01);
  EXPECT_GE(std::log2(error[0] / error[2]) / 2, 0.85) << error[0] << " " << error[2];
}

/// m = rho^2 and U = rho^2: d_t rho = 2/3 (rho^3)'', with Barenblatt's profile of exponent 3.
TEST(Mobility, PowerSpreadsAsBarenblattsProfile) {
  const auto profile = [](double x, double t) {
    const double tau = 2.0 / 3 * t, wide = std::pow(tau, -0.25);
    return wide * std::sqrt(std::max(0.0, 0.5 - x * x * wide * wide / 12));
  };
  const double mass = 0.5 * std::sqrt(12.0) * std::numbers::pi / 2;  // of C = 1/2
  std::vector<double> error;
  for (const int n : {100, 200, 400}) {
    Scenario s(
        "[mesh]\nlower = [-5]\nupper = [5]\ncells = [" + std::to_string(n) +
        "]\n[[energy]]\nkind = \"power\"\nexponent = 2.0\n[mobility]\nexponent = "
        "2.0\n[initial]\nkind = \"expression\"\nexpression = \"(1.5)^0.25 * sqrt(max(0, 0.5 - "
        "x^2*1.5^0.5/12))\"\nmass = " +
        std::to_string(mass) +
        "\n[time]\nscheme = \"implicit_euler\"\nstart = 1\nend = 5\nstep = " +
        std::to_string(4.0 / n) + "\n");
    State state = s.initial();
    EXPECT_EQ(s.run(state).rejected, 0);
    std::vector<double> exact(std::size_t(s.mesh.owned));
    for (std::size_t k = 0; k < exact.size(); ++k) exact[k] = profile(s.mesh.center[k][0], 5);
    error.push_back(s.l1(state.density, exact));
  }
  EXPECT_LE(error[2], 0.02);
  EXPECT_GE(std::log2(error[0] / error[2]) / 2, 0.8) << error[0] << " " << error[2];
}

struct Random {
  std::mt19937 engine;
  double operator()(double low, double high) {
    return low + (high - low) * double(engine()) / double(std::mt19937::max());
  }
  std::string text(double low, double high) { return std::to_string((*this)(low, high)); }
};

/// Energies of every kind, starts with empty and with full cells, steps from short to long.
TEST(Mobility, RandomProblemsKeepTheirBoundsAndTheirFreeEnergyFalls) {
  long rejected = 0;
  for (unsigned seed = 1; seed <= 24; ++seed) {
    Random random{std::mt19937(seed)};
    const double P = std::stod(random.text(0.5, 2));  // as the case has it
    const bool saturates = seed % 3 != 0 || seed % 2 == 0;
    const std::string p = seed % 2 == 0 ? "1.0" : random.text(1, 3), kT = random.text(0.05, 1);
    std::string toml = seed % 4 < 2
                           ? "[mesh]\nlower = [-2]\nupper = [2]\ncells = [60]\n"
                           : "[mesh]\nlower = [-2, -2]\nupper = [2, 2]\ncells = [14, 12]\n";
    toml += "[mobility]\nexponent = " + p + (saturates ? "\nmaximum = " + std::to_string(P) : "");
    if (seed % 5 != 1) toml += "\n[[energy]]\nkind = \"entropy\"\ntemperature = " + kT;
    if (seed % 5 == 1) toml += "\n[[energy]]\nkind = \"power\"\nexponent = " + random.text(1.5, 3);
    if (saturates && seed % 5 > 2) {
      toml += "\n[[energy]]\nkind = \"vacancies\"\ntemperature = " + kT +
              "\nmaximum = " + std::to_string(P);
    }
    if (seed % 7 == 2) {
      toml += "\n[[energy]]\nkind = \"interaction\"\nlibrary = \"quadratic\"\nstrength = " +
              random.text(-1, 1);
    }
    toml += '\n';
    toml += external(random.text(-3, 3) + "*sin(2*x) + " + random.text(-3, 3) + "*x");
    toml += "[initial]\nkind = \"uniform\"\n";
    const double step = std::pow(10, random(-3, 0.5));
    toml += "[time]\nscheme = \"implicit_euler\"\nstep = " + std::to_string(step) +
            "\nend = " + std::to_string(8 * step) + "\n";
    SCOPED_TRACE(toml);
    Scenario s(toml);
    std::vector<double> start;  // full and empty cells, or touching both bounds
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      const double x = s.mesh.center[k][0];
      start.push_back(P *
                      (seed % 2 == 0 ? double(x > -1 && x < 0.5) : 0.5 + 0.5 * std::sin(5 * x)));
    }
    const double mass = integral(s.mesh, start);
    State state = s.with_ghosts(start);
    double last = std::numeric_limits<double>::infinity();
    const auto outcome = s.run(state, [&](const State& now, const StepRecord& record) {
      double min = 1, max = 0;
      for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
        min = std::min(min, now.density[k]);
        max = std::max(max, now.density[k]);
      }
      EXPECT_GE(min, 0);
      if (saturates) {
        EXPECT_LE(max, P);
      }
      EXPECT_LE(record.ledger.free_energy, last + 1e-12 * (1 + std::abs(last)));
      EXPECT_NEAR(record.ledger.mass, mass, 1e-12 * mass);
      last = record.ledger.free_energy;
    });
    rejected += outcome.rejected;
    EXPECT_GE(outcome.steps, 8);
  }
  EXPECT_LE(rejected, 2);  // a long step of an interaction, which the matrix does not hold
}

}  // namespace
}  // namespace otto::test
