// Exit times, committors and stationary currents against closed forms; absorbing sides in every
// stepper.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "otto/analysis/observables.h"
#include "otto/core/error.h"
#include "otto/flux/two_point.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string line(int cells, const std::string& V, const std::string& more) {
  return "[mesh]\nlower = [0.0]\nupper = [1.0]\ncells = [" + std::to_string(cells) +
         "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 0.5\n[[energy]]\nkind = \"external\"\n"
         "expression = \"" +
         V + "\"\n" + more;
}

const SolverOptions tight{.rtol = 1e-12};

double worst(const Scenario& s, std::span<const double> values,
             const std::function<double(const Point&)>& exact) {
  double max = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    max = std::max(max, std::abs(values[k] - exact(s.mesh.center[k])));
  }
  return s.mesh.comm.max(max);
}

/// V = g x, kT T'' - g T' = -1, T'(0) = 0, T(1) = 0: T = (x - 1)/g - kT/g^2 (e^{gx/kT} - e^{g/kT}).
double exit_time(double x, double g, double kT) {
  return (x - 1) / g - kT / (g * g) * (std::exp(g * x / kT) - std::exp(g / kT));
}

TEST(ExitTime, SlopeOfLineIsMetToSecondOrder) {
  for (const char* more : {"", "[drift]\nexpression = [\"-1.5\"]\n"}) {
    const bool drift = *more != 0;  // the same slope as a gradient and as a drift: both solvers
    double last = 0;
    for (const int n : {64, 128}) {
      Scenario s(line(n, drift ? "0" : "1.5*x",
                      std::string(more) + "[boundary]\nabsorbing = [\"x_max\"]\n"));
      const auto T = mean_exit_time(s.generator, tight);
      const double e = worst(s, T, [](const Point& x) { return exit_time(x[0], 1.5, 0.5); });
      if (last > 0) {
        EXPECT_NEAR(std::log2(last / e), 2, 0.05) << more;
      }
      last = e;
    }
    EXPECT_LE(last, 1e-3);
  }
}

/// Three wells in a row, the first one at a wall, whose last top absorbs. On a line what lies before a face leaves through it,
/// so that the times of the matrix are sums of positive terms: T_i - T_i+1 = (mass up to i) / g_i.
TEST(ExitTime, DeepWellsOnALineAreThoseOfTheMatrix) {
  const int n = 250;
  const double h = 2.5 / n;
  for (const double b : {30.0, 66.0, 90.0, 120.0}) {
    const std::string height = std::to_string(b);
    Scenario s("[mesh]\nlower = [0.0]\nupper = [2.5]\ncells = [" + std::to_string(n) +
               "]\n[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = "
               "\"external\"\nexpression = \"" +
               height + "*(sin(pi*x)^2 + 0.05*x)\"\n[boundary]\nabsorbing = [\"x_max\"]\n");
    const auto V = [&](int i) {
      const double x = (i + 0.5) * h;
      return b * (std::pow(std::sin(std::numbers::pi * x), 2) + 0.05 * x);
    };
    std::vector<double> exact(n);
    double mass = 0;
    for (int i = 0; i < n; ++i) {
      mass += h * std::exp(-V(i));
      const double s_over = i + 1 < n ? V(i + 1) - V(i) : (V(i) - V(i - 1)) / 2;
      exact[std::size_t(i)] = mass * std::exp(V(i)) * (i + 1 < n ? h : h / 2) / bernoulli(s_over);
    }
    for (int i = n - 2; i >= 0; --i) exact[std::size_t(i)] += exact[std::size_t(i) + 1];
    const auto T = mean_exit_time(s.generator, tight);
    double off = 0;
    for (std::size_t k = 0; k < T.size(); ++k) {
      off = std::max(off, std::abs(T[k] / exact[std::size_t(s.mesh.global[k])] - 1));
    }
    EXPECT_LE(s.mesh.comm.max(off), 1e-7) << "b = " << b;
  }
}

/// A well turned in the plane, out through a side beyond its barrier: 1 / (capacity / mass) of the separated landscape.
TEST(ExitTime, DeepWellInThePlane) {
  for (const double b : {40.0, 110.0}) {
    const std::string height = std::to_string(b);
    Scenario s(
        "[mesh]\nlower = [-1.6, -1.0]\nupper = [0.0, 1.0]\ncells = [160, 60]\n[[energy]]\nkind = "
        "\"entropy\"\ntemperature = 1.0\n[[energy]]\nkind = \"external\"\nexpression = \"" +
        height + "*((x^2-1)^2 + 0.8*y^2)\"\n[boundary]\nabsorbing = [\"x_max\"]\n");
    double barrier = 0, well = 0;
    const int m = 100000;
    for (int i = 0; i < m; ++i) {
      const double x = -(i + 0.5) / m;
      barrier += std::exp(b * std::pow(x * x - 1, 2) - b) / m;
      well += 1.6 * std::exp(-b * std::pow(2.56 * x * x - 1, 2)) / m;
    }
    const double exact = barrier * well * std::exp(b);
    const auto T = mean_exit_time(s.generator, tight);
    double of_well = 0;
    for (std::size_t k = 0; k < T.size(); ++k) {
      if (s.mesh.center[k][0] < -0.8) of_well = std::max(of_well, std::abs(T[k] / exact - 1));
    }
    EXPECT_LE(s.mesh.comm.max(of_well), 1e-2) << "b = " << b;
  }
}

TEST(Committor, SidesAndLevelSetsAgreeWithTheClosedForm) {
  // q = (e^{gx/kT} - e^{ga/kT}) / (e^{gb/kT} - e^{ga/kT}) between the two sets
  const double g = 1.5, kT = 0.5;
  const auto q = [&](double x, double a, double b) {
    const auto e = [&](double y) { return std::exp(g * y / kT); };
    return std::clamp((e(x) - e(a)) / (e(b) - e(a)), 0.0, 1.0);
  };
  double last = 0;
  for (const int n : {60, 120, 240}) {
    Scenario s(line(n, "1.5*x", ""));
    const GeneratorParts parts{s.mesh, s.energy, find_flux("scharfetter_gummel"), nullptr};
    const auto sides = committor(parts, {{"x_min"}, {}}, {{"x_max"}, {}}, tight);
    EXPECT_LE(worst(s, sides, [&](const Point& x) { return q(x[0], 0, 1); }), 1e-9);  // linear V
    Target to;  // x > 0.7321, no cell boundary
    for (const Point& x : s.mesh.center) to.level.push_back(x[0] - 0.7321);
    const auto mixed = committor(parts, {{"x_min"}, {}}, to, tight);
    const double e = worst(s, mixed, [&](const Point& x) { return q(x[0], 0, 0.7321); });
    // the rate to the edge, at the share s of the way, is off by 3 h (1 - s) / 2 of itself, which
    // moves q by 3 h^2 s (1 - s) / 2 q' <= 1.3 h^2
    EXPECT_LE(e, 1.3 / (n * n)) << n;
    if (last > 0) {
      EXPECT_LT(e, 0.6 * last);
    }
    last = e;
  }
}

TEST(StationaryCurrent, PiecewiseLinearLandscapeIsExact) {
  // V = 8 |x - 1/2| with kinks at cell centres, drift f = 5. Risken's double integral by
  // quadrature:
  constexpr int n = 256;
  const auto V = [](double x) {
    const double y = x - 0.5 / n;
    return 8 * std::abs(y + 0.5 - std::floor(y + 0.5) - 0.5);
  };
  std::string text = line(n, "8*abs(((x-0.001953125+0.5)-floor(x-0.001953125+0.5))-0.5)",
                          "[drift]\nexpression = [\"5\"]\n");
  text.insert(text.find("cells"), "periodic = [true]\n");
  Scenario s(text);
  const StationaryState state = stationary_state(s.generator);
  // piecewise exponentials: in every cell interval the integrals are closed forms
  const double kT = 0.5, f = 5, h = 1.0 / n;
  const auto U = [&](double x) { return (V(x - std::floor(x)) - f * x) / kT; };
  const auto segment = [&](double a, double sign) {  // int_a^{a+h} exp(sign U)
    const double low = sign * U(a), rise = sign * U(a + h) - low;
    return h * std::exp(low) * (std::abs(rise) < 1e-9 ? 1 : std::expm1(rise) / rise);
  };
  double sum = 0;  // int_0^1 dx int_x^{x+1} dy exp(U(y) - U(x)), x from the first centre on
  for (int i = 0; i < n; ++i) {
    const double x = (i + 0.5) * h, s0 = (U(x + h) - U(x));
    double beyond = 0;
    for (int j = 1; j < n; ++j) beyond += segment(x + j * h, 1);
    // y in the segment of x, y > x, and in its image beyond y < x + 1
    const double inner =
        std::abs(s0) < 1e-9 ? 0.5 * h * h : h * h * (std::expm1(s0) - s0) / (s0 * s0);
    const double outer = std::abs(s0) < 1e-9
                             ? 0.5 * h * h
                             : h * h * std::exp(-f / kT) * (std::expm1(-s0) + s0) / (s0 * s0);
    sum += segment(x, -1) * beyond + inner + outer;
  }
  const double exact = kT * (1 - std::exp(-f / kT)) / sum;
  EXPECT_NEAR(state.current[0], exact, 1e-8 * exact);
}

TEST(Absorbing, EveryStepperLosesTheSameMassToSecondOrder) {
  // heat on [0, 1] with rho(1) = 0, no flux at 0: rho = cos(pi x/2) e^{-kT (pi/2)^2 t}
  const double rate = 0.5 * std::pow(std::numbers::pi / 2, 2);
  for (const std::string& scheme : scheme_names()) {
    Scenario s(line(200, "0",
                    "[boundary]\nabsorbing = [\"x_max\"]\n[initial]\nkind = \"expression\"\n"
                    "expression = \"cos(pi*x/2)\"\n[time]\nscheme = \"" +
                        scheme + "\"\nstep = 0.0025\nend = 1.0\ntolerance = 1e-9\n"));
    std::unique_ptr<Stepper> stepper;
    try {
      stepper = s.make_stepper();
    } catch (const InputError&) {
      continue;  // says itself that it does not know absorbing sides
    }
    State state = s.initial();
    const double before = integral(s.mesh, state.density);
    s.run(state);
    const double share = integral(s.mesh, state.density) / before;
    const double dt_error = stepper->order() == 1 ? rate * rate * 0.0025 / 2 : 0;
    EXPECT_NEAR(share, std::exp(-rate), std::exp(-rate) * (1.05 * dt_error + 3e-5)) << scheme;
  }
}

TEST(Absorbing, UnknownAndPeriodicSidesAreRefused) {
  EXPECT_THROW(Scenario(line(8, "0", "[boundary]\nabsorbing = [\"x_maks\"]\n")), InputError);
  EXPECT_THROW(Scenario(line(8, "0", "[boundary]\nabsorbing = [\"y_max\"]\n")), InputError);
}

}  // namespace
}  // namespace otto::test
