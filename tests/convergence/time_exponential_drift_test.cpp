// The exact test of Cances, Gallouet and Todeschi: V = -g x, g = 1, kT = 1 on [0, 1],
//   rho = exp(-alpha t + g x / 2) (pi cos(pi x) + (g/2) sin(pi x)) + pi exp(g (x - 1/2)),
// alpha = pi^2 + g^2 / 4, over 0.25 units of time with dt = 0.5 / n. The rows are those an independent
// numpy program computed with the same definitions: L1 error at its largest, and at the end.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "otto/tables/quadrature.h"
#include "scenario.h"

namespace otto::test {
namespace {

constexpr double pi = std::numbers::pi;

std::vector<double> exact(const Mesh& mesh, double t) {
  return cell_averages(mesh, [t](std::span<const Point> points, std::span<double> values) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double x = points[i][0];
      values[i] = std::exp(-(pi * pi + 0.25) * t + 0.5 * x) *
                      (pi * std::cos(pi * x) + 0.5 * std::sin(pi * x)) +
                  pi * std::exp(x - 0.5);
    }
  });
}

struct Errors {
  double largest = 0, last = 0;
};

Errors errors(const std::string& scheme, double start, int n,
              const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings{fmt::format("mesh.cells=[{}]", n), "time.scheme=" + scheme,
                                    fmt::format("time.start={}", start),
                                    fmt::format("time.end={}", start + 0.25),
                                    fmt::format("time.step={}", 0.5 / n)};
  settings.insert(settings.end(), more.begin(), more.end());
  Scenario scenario(R"(
[mesh]
kind = "box"
lower = [0.0]
upper = [1.0]
cells = [16]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "-x"
[initial]
kind = "uniform"
[time]
scheme = "implicit_euler"
end = 1.0
[solver]
rtol = 1e-13
)",
                    settings);
  State state = scenario.with_ghosts(exact(scenario.mesh, start));
  Errors e;
  scenario.run(state, [&](const State& s, const StepRecord& record) {
    if (record.step == 0) return;
    e.last = scenario.l1(s.density, exact(scenario.mesh, s.time));
    e.largest = std::max(e.largest, e.last);
  });
  EXPECT_EQ(scenario.records.size(), std::size_t(n) / 2 + 1);
  double F = scenario.records.front().ledger.free_energy;
  for (const StepRecord& r : scenario.records) {
    EXPECT_LE(r.ledger.free_energy, F + 1e-13) << scheme << ", n = " << n << ", step " << r.step;
    F = r.ledger.free_energy;
  }
  return e;
}

/// Both errors agree with a row given to three digits.
void expect_rows(const std::string& scheme, double start, const std::vector<Errors>& rows) {
  int n = 16;
  for (const Errors& row : rows) {
    const Errors e = errors(scheme, start, n);
    EXPECT_NEAR(e.largest / row.largest, 1, 0.005) << scheme << ", n = " << n;
    EXPECT_NEAR(e.last / row.last, 1, 0.005) << scheme << ", n = " << n;
    n *= 2;
  }
}

TEST(ExponentialDrift, ImplicitEulerIsFirstOrder) {
  expect_rows("implicit_euler", 0,
              {{1.36e-1, 8.33e-2},
               {7.16e-2, 4.16e-2},
               {3.68e-2, 2.08e-2},
               {1.86e-2, 1.04e-2},
               {9.39e-3, 5.18e-3}});
}

TEST(ExponentialDrift, TrBdf2IsSecondOrder) {
  expect_rows("tr_bdf2", 0,
              {{8.25e-4, 4.52e-4},
               {1.93e-4, 1.06e-4},
               {4.66e-5, 2.55e-5},
               {1.14e-5, 6.26e-6},
               {2.83e-6, 1.55e-6}});
}

TEST(ExponentialDrift, CrankNicolsonIsSecondOrder) {
  expect_rows("crank_nicolson", 0,
              {{4.85e-3, 2.65e-3},
               {1.20e-3, 6.60e-4},
               {3.01e-4, 1.65e-4},
               {7.53e-5, 4.13e-5},
               {1.88e-5, 1.03e-5}});
}

TEST(ExponentialDrift, Bdf2IsSecondOrder) {
  expect_rows("bdf2", 0,
              {{2.28e-2, 1.71e-2},
               {6.46e-3, 4.10e-3},
               {1.71e-3, 1.00e-3},
               {4.38e-4, 2.49e-4},
               {1.11e-4, 6.18e-5}});
}

TEST(ExponentialDrift, MidpointIsSecondOrder) {
  expect_rows("midpoint", 0.05,
              {{3.13e-3, 1.59e-3},
               {7.83e-4, 3.96e-4},
               {1.95e-4, 9.89e-5},
               {4.88e-5, 2.47e-5},
               {1.22e-5, 6.18e-6}});
}

/// Both errors agree with the rows to `tolerance`, and both orders of the finest pair are at least
/// `order`.
void expect_proximal(const std::string& scheme, const std::vector<std::string>& more, double order,
                     double tolerance, const std::vector<Errors>& rows) {
  int n = 16;
  Errors last, e;
  for (const Errors& row : rows) {
    last = e;
    e = errors(scheme, 0.05, n, more);
    fmt::print("{} {} n = {}: {:.3e} / {:.3e}\n", scheme, fmt::join(more, " "), n, e.largest,
               e.last);
    EXPECT_NEAR(e.largest / row.largest, 1, tolerance) << scheme << ", n = " << n;
    EXPECT_NEAR(e.last / row.last, 1, tolerance) << scheme << ", n = " << n;
    n *= 2;
  }
  EXPECT_GE(std::log2(last.largest / e.largest), order) << scheme;
  EXPECT_GE(std::log2(last.last / e.last), order) << scheme;
}

TEST(ExponentialDrift, JkoIsFirstOrder) {
  expect_proximal("jko", {"time.weights=upwind", "time.kappa=1"}, 0.98, 0.005,
                  {{7.90e-2, 5.25e-2},
                   {3.93e-2, 2.55e-2},
                   {1.95e-2, 1.26e-2},
                   {9.71e-3, 6.25e-3},
                   {4.84e-3, 3.11e-3}});
  expect_proximal("jko", {"time.kappa=1"}, 0.98, 0.005,
                  {{7.82e-2, 4.82e-2},
                   {4.00e-2, 2.38e-2},
                   {2.02e-2, 1.18e-2},
                   {1.02e-2, 5.90e-3},
                   {5.09e-3, 2.95e-3}});
  expect_proximal("jko", {"time.kappa=0.5"}, 0.98, 0.005,
                  {{8.10e-2, 4.82e-2},
                   {4.20e-2, 2.39e-2},
                   {2.14e-2, 1.19e-2},
                   {1.08e-2, 5.96e-3},
                   {5.43e-3, 2.98e-3}});
}

TEST(ExponentialDrift, JkoMidpointIsSecondOrder) {
  expect_proximal("jko_midpoint", {}, 1.95, 0.005,
                  {{1.38e-2, 9.30e-4},
                   {3.93e-3, 1.37e-4},
                   {9.29e-4, 3.32e-5},
                   {2.38e-4, 8.19e-6},
                   {6.06e-5, 2.04e-6}});
}

// The program of the rows solves for the density halfway along the extrapolation, jko_bdf2 takes a
// straight line there: up to 4 % more error.
TEST(ExponentialDrift, JkoBdf2IsSecondOrder) {
  expect_proximal("jko_bdf2", {}, 1.95, 0.05,
                  {{1.76e-2, 7.58e-3},
                   {5.57e-3, 1.84e-3},
                   {1.55e-3, 4.55e-4},
                   {4.05e-4, 1.13e-4},
                   {1.03e-4, 2.83e-5}});
}

}  // namespace
}  // namespace otto::test
