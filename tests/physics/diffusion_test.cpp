// [diffusion]: Gibbs states, jumps, orders, spectra, the three conventions of noise, degenerate and
// time-dependent D, multigrid.

#include "otto/operators/diffusion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/analysis/observables.h"
#include "otto/analysis/spectrum.h"
#include "otto/core/error.h"
#include "otto/operators/simplex_flux.h"
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

#define GMSH(volumes, file)                                                                \
  "kind = \"gmsh\"\ncontrol_volumes = \"" volumes "\"\nfile = \"" OTTO_SOURCE_DIR "/" file \
  ".msh\"\n"

struct Place {
  const char *name, *mesh, *diffusion;
};

const Place places[] = {
    {"line", "lower = [-1.0]\nupper = [1.5]\ncells = [40]\ngrading = [5.0]\n",
     "expression = \"1 + 900*x^2\""},
    {"box", "lower = [-1.0, -1.0]\nupper = [1.0, 1.0]\ncells = [20, 14]\ngrading = [2.0, 0.4]\n",
     "tensor = [[\"1 + x^2 + 30*(y > 0)\", 0], [0, \"exp(3*x)\"]]"},
    {"periodic",
     "lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [12, 10]\nperiodic = [true, true]\n",
     "expression = \"exp(2*sin(2*pi*x) + cos(2*pi*y))\""},
    {"box_3d", "lower = [-1, -1, -1]\nupper = [1, 1, 1]\ncells = [6, 7, 8]\n",
     "tensor = [[\"1 + z^2\", 0, 0], [0, 3, 0], [0, 0, \"exp(x + y)\"]]"},
    {"elements", GMSH("elements", "meshes/disc"), "expression = \"exp(2*x*y)\""},
    {"vertices", GMSH("vertices", "meshes/disc"), "expression = \"exp(2*x*y)\""},
    {"medians", GMSH("medians", "meshes/disc"), "expression = \"exp(2*x*y)\""},
    {"regions", GMSH("elements", "meshes/two_chambers"),
     "expression = \"1 + x^2\"\n[[diffusion.region]]\nname = \"neck\"\nexpression = \"100 + y\""}};

class DiffusionOn : public testing::TestWithParam<Place> {};

/// Q pi = 0 to rounding of the terms, whatever D; and D is there: Q rho is not what it is without.
TEST_P(DiffusionOn, LeavesTheGibbsStateAtRest) {
  const Place& place = GetParam();
  const std::string without = std::string("[mesh]\n") + place.mesh + entropy(0.3) +
                              external("x^2 + 0.4*cos(3*x + 2*y) - z");
  Scenario s(without + "[diffusion]\n" + place.diffusion + "\n"), plain(without);
  ASSERT_TRUE(s.generator.symmetric());
  const State gibbs = s.with_ghosts(gibbs_density(s.generator));
  const auto size = std::size_t(s.mesh.local());
  std::vector<double> out(size), gross(size, 0.0), rough(size), other(size);
  s.generator.apply(gibbs.density, out);
  for (std::size_t f = 0; f < std::size_t(s.mesh.faces.size()); ++f) {
    const auto K = std::size_t(s.mesh.faces.left[f]), L = std::size_t(s.mesh.faces.right[f]);
    const double flow = std::abs(s.generator.forward()[f]) * gibbs.density[K] +
                        std::abs(s.generator.backward()[f]) * gibbs.density[L];
    gross[K] += flow, gross[L] += flow;
  }
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    EXPECT_LE(std::abs(out[k]), 1e-13 * gross[k]) << k;
  }
  for (std::size_t k = 0; k < size; ++k) rough[k] = 1 + 0.5 * std::sin(double(s.mesh.global[k]));
  s.generator.apply(rough, out);
  plain.generator.apply(rough, other);
  double change = 0, all = 0, mass = 0, moved = 0;
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    change += std::abs(out[k] - other[k]), all += std::abs(other[k]);
    mass += out[k], moved += std::abs(out[k]);
  }
  EXPECT_GT(s.mesh.comm.sum(change), 0.1 * s.mesh.comm.sum(all));
  EXPECT_LE(std::abs(s.mesh.comm.sum(mass)), 1e-13 * s.mesh.comm.sum(moved));
}

INSTANTIATE_TEST_SUITE_P(Meshes, DiffusionOn, testing::ValuesIn(places),
                         [](const auto& of) { return std::string(of.param.name); });

double worst(const Scenario& s, std::span<const double> values,
             const std::function<double(const Point&)>& exact) {
  double max = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    max = std::max(max, std::abs(values[k] - exact(s.mesh.center[k])));
  }
  return s.mesh.comm.max(max);
}

/// -(kT D T')' = 1, T'(0) = 0, T(1) = 0: T = int_x^1 s / (kT D(s)) ds, with D smooth and with a jump at a
/// face; on graded cells too.
TEST(VariableDiffusion, ExitTimesAreOfSecondOrder) {
  const double kT = 0.5;
  const struct {
    const char* D;
    std::function<double(double)> exact;
  } laws[] = {{"1 + x^2", [=](double x) { return std::log(2 / (1 + x * x)) / (2 * kT); }},
              {"x < 0.5 ? 0.1 : 10", [=](double x) {
                 const double a = x < 0.5 ? (0.25 - x * x) / 0.2 : 0;
                 return (a + (1 - std::pow(std::max(x, 0.5), 2)) / 20) / kT;
               }}};
  for (const auto& law : laws) {
    for (const std::string more : {"", "[drift]\nexpression = [\"0\"]\n"}) {  // both solvers
      double last = 0;
      for (const int n : {32, 64}) {
        Scenario s(line(n, 0, 1,
                        entropy(kT) + external("0") + "[diffusion]\nexpression = \"" + law.D +
                            "\"\n[boundary]\nabsorbing = [\"x_max\"]\n" + more));
        const double e = worst(s, mean_exit_time(s.generator, tight),
                               [&](const Point& x) { return law.exact(x[0]); });
        if (last > 0) {
          EXPECT_GE(std::log2(last / e), 1.9) << law.D << more;
        }
        last = e;
      }
      EXPECT_LE(last, 1e-3) << law.D;
    }
  }
}

Spectrum spectrum_of(Scenario& s, int count) {
  ShiftedSolver solver(s.generator, tight);
  return slowest_modes(s.generator, solver, {.count = count});
}

/// D = 1 - x^2 and V = 0: Legendre's equation. The discrete operator has the discrete Chebyshev polynomials as
/// modes and the same eigenvalues l (l + 1), on any number of cells.
TEST(VariableDiffusion, LegendresRatesAreExactOnAnyGrid) {
  for (const int n : {16, 37}) {
    Scenario s(
        line(n, -1, 1, entropy(1) + external("0") + "[diffusion]\nexpression = \"1 - x^2\"\n"));
    const Spectrum spectrum = spectrum_of(s, 4);
    ASSERT_EQ(spectrum.modes.size(), 4U);
    for (int l = 1; l <= 4; ++l) {
      EXPECT_NEAR(spectrum.modes[std::size_t(l - 1)].rate, l * (l + 1), 1e-8 * l * (l + 1)) << n;
    }
  }
}

/// D = 1 + x^2 on [-1, 1], V = 0: the rates of a Legendre-Galerkin method of 60 polynomials.
TEST(VariableDiffusion, RatesExtrapolateToThoseOfLegendreGalerkin) {
  const double exact[] = {2.7418023126653, 12.3413493846028};
  std::vector<std::vector<double>> rates;
  for (const int n : {128, 256, 512}) {
    Scenario s(
        line(n, -1, 1, entropy(1) + external("0") + "[diffusion]\nexpression = \"1 + x^2\"\n"));
    rates.emplace_back();
    for (const Mode& mode : spectrum_of(s, 2).modes) rates.back().push_back(mode.rate);
  }
  for (std::size_t m = 0; m < 2; ++m) {
    const double a = rates[0][m], b = rates[1][m], c = rates[2][m];
    EXPECT_NEAR(std::log2((a - b) / (b - c)), 2, 0.05);
    const double once = (4 * b - a) / 3, twice = (4 * c - b) / 3;
    EXPECT_NEAR((16 * twice - once) / 15, exact[m], 1e-7 * exact[m]);
  }
}

/// d/dt E[phi] = E[D_ii phi_ii kT + (1 - h) kT d_i D_i phi_i - D_i V_i phi_i] for the three conventions.
TEST(Conventions, MomentsChangeAsTheStochasticEquationSays) {
  const double kT = 0.5;
  const struct {
    const char* lines;
    bool tensor;
  } laws[] = {{"expression = \"1 + 0.5*sin(x + 2*y)\"", false},
              {"tensor = [[\"1 + 0.5*sin(x + 2*y)\", 0], [0, \"exp(0.3*x - 0.2*y)\"]]", true}};
  const std::pair<const char*, double> conventions[] = {
      {"klimontovich", 0}, {"stratonovich", 0.5}, {"ito", 1}};
  for (const auto& law : laws) {
    for (const auto& [name, h] : conventions) {
      std::vector<double> error;
      for (const int n : {40, 80}) {
        Scenario s("[mesh]\nlower = [-5, -5]\nupper = [5, 5]\ncells = [" + std::to_string(n) +
                   ", " + std::to_string(n) + "]\n" + entropy(kT) + external("0.3*x^2 + 0.2*x*y") +
                   "[diffusion]\n" + law.lines + "\nconvention = \"" + name + "\"\n");
        EXPECT_EQ(s.generator.driven(), law.tensor && h > 0);
        const auto size = std::size_t(s.mesh.local());
        std::vector<double> rho(size), out(size);
        const auto& center = s.mesh.center;
        for (std::size_t k = 0; k < size; ++k) {
          const double x = center[k][0], y = center[k][1];
          rho[k] = std::exp(-x * x - 0.8 * y * y);
        }
        s.generator.apply(rho, out);
        double change = 0, exact = 0;
        for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
          const double x = center[k][0], y = center[k][1];
          const double u = x + 2 * y, D = 1 + 0.5 * std::sin(u), D_x = 0.5 * std::cos(u);
          const double E = law.tensor ? std::exp(0.3 * x - 0.2 * y) : D;
          const double E_y = law.tensor ? -0.2 * E : 2 * D_x;
          const double phi = std::cos(x + 0.4 * y), phi_u = -std::sin(x + 0.4 * y);
          const double L = kT * (D * -phi + E * -0.16 * phi) +
                           (1 - h) * kT * (D_x * phi_u + E_y * 0.4 * phi_u) -
                           D * (0.6 * x + 0.2 * y) * phi_u - E * 0.2 * x * 0.4 * phi_u;
          change += out[k] * phi;
          exact += s.mesh.volume[k] * rho[k] * L;
        }
        error.push_back(std::abs(s.mesh.comm.sum(change) - s.mesh.comm.sum(exact)) /
                        std::abs(s.mesh.comm.sum(exact)));
      }
      EXPECT_LE(error[1], 5e-3) << name << law.tensor;
      EXPECT_GE(std::log2(error[0] / error[1]), 1.8) << name << law.tensor;
    }
  }
}

/// exp(-V/kT) / D^h is at rest, and is what `gibbs` means.
TEST(Conventions, EquilibriaOfANumber) {
  for (const auto& [name, h] : {std::pair("stratonovich", 0.5), std::pair("ito", 1.0)}) {
    Scenario s(line(64, -2, 2,
                    entropy(0.5) + external("x^2") +
                        "[diffusion]\nexpression = \"1 + x^2\"\nconvention = \"" + name +
                        "\"\n[initial]\nkind = \"gibbs\"\n"));
    const State state = s.initial();
    std::vector<double> out(state.density.size());
    s.generator.apply(state.density, out);
    const auto weight = [&, h = h](double x) {
      return std::exp(-2 * x * x) / std::pow(1 + x * x, h);
    };
    for (std::size_t k = 0; k + 1 < std::size_t(s.mesh.owned); ++k) {
      const double x = s.mesh.center[k][0], y = s.mesh.center[k + 1][0];
      EXPECT_NEAR(state.density[k] / state.density[k + 1] * weight(y) / weight(x), 1, 1e-12);
      EXPECT_NEAR(out[k], 0, 1e-12);
    }
  }
}

/// dy = x dt, dx = -x dt + sqrt(2) dW: no diffusion along y.
TEST(DegenerateDiffusion, CarriesTheDriftAlone) {
  Scenario s("[mesh]\nlower = [-5, -5]\nupper = [5, 5]\ncells = [40, 50]\n" + entropy(1) +
             external("0.5*x^2") +
             "[diffusion]\ntensor = [[1, 0], [0, 0]]\n[drift]\nexpression = [\"0\", \"x\"]\n");
  EXPECT_TRUE(s.generator.without_metric());
  EXPECT_TRUE(s.generator.monotone());
  std::vector<double> rho(std::size_t(s.mesh.local())), out(rho.size());
  for (std::size_t k = 0; k < rho.size(); ++k) {
    const double x = s.mesh.center[k][0] - 0.7, y = s.mesh.center[k][1];
    rho[k] = std::exp(-2 * (x * x + y * y));
  }
  s.generator.apply(rho, out);
  double mean = 0, x_rho = 0, mass = 0;
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    mean += out[k] * s.mesh.center[k][1];
    mass += out[k];
    x_rho += s.mesh.volume[k] * rho[k] * s.mesh.center[k][0];
  }
  EXPECT_NEAR(s.mesh.comm.sum(mean), s.mesh.comm.sum(x_rho), 1e-12);  // d/dt E[y] = E[x]
  EXPECT_NEAR(s.mesh.comm.sum(mass), 0, 1e-13);
}

/// D = 1 + t: the variance of a density on a wide line grows by 2 int D dt, exactly for Crank and Nicolson.
TEST(TimeDependentDiffusion, IsTakenAtTheTimesOfTheScheme) {
  Scenario s(line(200, -10, 10,
                  entropy(1) + external("0") +
                      "[diffusion]\nexpression = \"1 + t\"\n[initial]\nkind = \"gaussian\"\n"
                      "mean = [0.0]\nvariance = 0.5\n[time]\nscheme = \"crank_nicolson\"\n"
                      "step = 0.1\nend = 0.5\n[solver]\nrtol = 1e-13\n"));
  State state = s.initial();
  const double before = s.second_moment(state);
  s.run(state);
  EXPECT_NEAR(s.second_moment(state) - before, 2 * (0.5 + 0.125), 1e-9);
}

TEST(TimeDependentDiffusion, IsRefusedWhereAMetricIsNeeded) {
  for (const char* D : {"expression = \"1 + t\"", "tensor = [[1, 0], [0, 0]]"}) {
    Scenario s("[mesh]\nlower = [0, 0]\nupper = [1, 1]\ncells = [4, 4]\n" + entropy(1) +
               external("0") + "[diffusion]\n" + D +
               "\n[time]\nscheme = \"jko\"\nstep = 0.1\nend = 0.1\n");
    try {
      (void)s.make_stepper();
      FAIL() << D;
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find("measures distances by D"), std::string::npos)
          << e.what();
    }
  }
}

/// A tensor that depends on x, in whole gradients: rho = 1, mu = y, D_xy = x: div(D grad mu) = 1.
TEST(WholeGradients, TakeTensorsThatVary) {
  Scenario s("[mesh]\nlower = [-1, -1]\nupper = [1, 1]\ncells = [20, 20]\n" + entropy(1) +
             external("0") + "[flux]\nkind = \"simplex\"\n" +
             "[diffusion]\ntensor = [[2, \"x\"], [\"x\", \"2 + y^2\"]]\n");
  const SimplexFlux flux(s.mesh, *s.diffusion);
  std::vector<double> rho(std::size_t(s.mesh.local()), 1.0), mu(rho.size()), out(rho.size());
  for (std::size_t k = 0; k < mu.size(); ++k) mu[k] = s.mesh.center[k][1];
  (void)flux.outflow(rho, mu, mu, out);
  for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
    const Point& x = s.mesh.center[k];
    if (std::abs(x[0]) > 0.9 || std::abs(x[1]) > 0.9) continue;  // walls
    EXPECT_NEAR(-out[k] / s.mesh.volume[k], 1 + 2 * x[1], 1e-10) << k;
  }
}

/// One exact JKO step in the metric |dx|^2 / D. With y = int dx/sqrt(D) it is one of the plain distance for the
/// density rho sqrt(D) of y and V - kT/2 log D. D = 1 + x^2, y = asinh x, and V so that this is
/// k y^2/2: a Gaussian N(m, s^2) of y goes to (1 + tau k) m1 = m and (s1 - s)/tau + k s1 - kT/s1 = 0.
TEST(MetricOfD, ExactStepIsThatOfTheStraightenedLine) {
  const double kT = 0.5, k = 1.5, tau = 0.1, m = 0.8, s0 = 0.3;
  const double m1 = m / (1 + tau * k), lead = 1 + tau * k;
  const double s1 = (s0 + std::sqrt(s0 * s0 + 4 * lead * tau * kT)) / (2 * lead);
  const auto density = [](double x, double mean, double s) {
    const double y = (std::asinh(x) - mean) / s;
    return std::exp(-y * y / 2) / (s * std::sqrt(2 * std::numbers::pi * (1 + x * x)));
  };
  std::vector<double> errors;
  for (const int n : {96, 192}) {
    Scenario s(line(
        n, -8, 12,
        entropy(kT) + external("0.75*log(x + sqrt(1 + x^2))^2 + 0.25*log(1 + x^2)") +
            "[diffusion]\nexpression = \"1 + x^2\"\n[initial]\nkind = \"expression\"\n"
            "expression = \"exp(-((log(x + sqrt(1 + x^2)) - 0.8)/0.3)^2/2) / sqrt(1 + x^2)\"\n"
            "[time]\nscheme = \"jko\"\nstep = 0.1\nend = 0.1\ninner_steps = 12\nkappa = 0.5\n"));
    State state = s.initial();
    s.run(state);
    std::vector<double> exact(std::size_t(s.mesh.owned));
    for (std::size_t i = 0; i < exact.size(); ++i) exact[i] = density(s.mesh.center[i][0], m1, s1);
    errors.push_back(s.l1(state.density, exact));
    for (std::size_t i = 1; i < s.records.size(); ++i) {
      EXPECT_LE(s.records[i].ledger.free_energy, s.records[i - 1].ledger.free_energy);
      EXPECT_NEAR(s.records[i].ledger.mass, 1, 1e-12);
    }
  }
  EXPECT_LE(errors[1], 4e-3);
  EXPECT_GE(std::log2(errors[0] / errors[1]), 1.9);
}

/// Proximal steps of every kind where D varies: the free energy never grows, mass is kept, and the Gibbs
/// state is at rest.
TEST(MetricOfD, ProximalSchemesDissipate) {
  for (const std::string scheme : {"jko", "jko_bdf2", "jko_midpoint"}) {
    for (const std::string initial :
         {"kind = \"gaussian\"\nmean = [-0.5, 0.2]\nvariance = 0.05", "kind = \"gibbs\""}) {
      Scenario s(
          "[mesh]\nlower = [-1.5, -1]\nupper = [1.5, 1]\ncells = [30, 20]\n" + entropy(0.5) +
          external("(x^2-0.5)^2 + y^2") +
          "[diffusion]\ntensor = [[\"exp(2*sin(3*x + 5*y))\", 0], [0, \"x < 0 ? 0.2 : 5\"]]\n" +
          "[initial]\n" + initial + "\n[time]\nscheme = \"" + scheme +
          "\"\nstep = 0.02\nend = 0.1\n");
      State state = s.initial();
      const std::vector<double> before = state.density;
      s.run(state);
      const double F0 = s.records[0].ledger.free_energy;
      for (std::size_t i = 1; i < s.records.size(); ++i) {
        EXPECT_LE(s.records[i].ledger.free_energy,
                  s.records[i - 1].ledger.free_energy + 1e-12 * std::abs(F0))
            << scheme << " step " << i;
        EXPECT_NEAR(s.records[i].ledger.mass, 1, 1e-12);
      }
      if (initial.find("gibbs") == std::string::npos) continue;
      EXPECT_LE(s.l1(before, state.density), 1e-8) << scheme;
    }
  }
}

/// Iterations of a step where D varies by a factor of 1000: in smooth waves at an angle, and in layers and blocks
/// that the grid does not know; they do not grow with the grid.
TEST(VariableDiffusion, MultigridNeedsFewIterations) {
  const std::pair<const char*, int> laws[] = {{"exp(3.45*sin(3*x + 5*y))", 8},
                                              {"sin(7*x - 3*y) > 0 ? 1 : 1000", 11},
                                              {"(abs(x)-0.03)*(abs(y)-0.1) < 0 ? 1 : 1000", 11}};
  for (const auto& [D, most] : laws) {
    int before = 0;
    for (const int n : {64, 128}) {
      const std::string cells = std::to_string(n);
      Scenario s("[mesh]\nlower = [-1, -1]\nupper = [1, 1]\ncells = [" + cells + ", " + cells +
                 "]\n" + entropy(0.5) + external("(x^2-0.5)^2 + y^2") +
                 "[diffusion]\nexpression = \"" + D +
                 "\"\n[initial]\nkind = \"gaussian\"\nmean = [-0.5, 0.2]\nvariance = 0.02\n"
                 "[time]\nscheme = \"implicit_euler\"\nstep = 0.05\nend = 0.1\n");
      State state = s.initial();
      s.run(state);
      int now = 0;
      for (const auto& record : s.records) now = std::max(now, record.max_linear_iterations);
      EXPECT_LE(now, most) << D << " on " << n;
      if (before > 0) {
        EXPECT_LE(now, before + 1) << D;
      }
      before = now;
    }
  }
}

}  // namespace
}  // namespace otto::test
