// The exact test of Cances, Gallouet and Todeschi: V = -g x, g = 1, kT = 1 on [0, 1],
//   rho = exp(-alpha t + g x / 2) (pi cos(pi x) + (g/2) sin(pi x)) + pi exp(g (x - 1/2)),
// alpha = pi^2 + g^2 / 4, over 0.25 units of time with dt = 0.5 / n. The rows are those an independent
// numpy program computed with the same definitions: L1 error at its largest, and at the end.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "otto/energy/quadrature.h"
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

Errors errors(const std::string& scheme, double start, int n) {
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
                    {fmt::format("mesh.cells=[{}]", n), "time.scheme=" + scheme,
                     fmt::format("time.start={}", start),
                     fmt::format("time.end={}", start + 0.25),
                     fmt::format("time.step={}", 0.5 / n)});
  State state = scenario.with_ghosts(exact(scenario.mesh, start));
  Errors e;
  scenario.run(state, [&](const State& s, const StepRecord& record) {
    if (record.step == 0) return;
    e.last = scenario.l1(s.density, exact(scenario.mesh, s.time));
    e.largest = std::max(e.largest, e.last);
  });
  EXPECT_EQ(scenario.records.size(), std::size_t(n) / 2 + 1);
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
              {{1.36e-1, 8.33e-2}, {7.16e-2, 4.16e-2}, {3.68e-2, 2.08e-2}, {1.86e-2, 1.04e-2},
               {9.39e-3, 5.18e-3}});
}

TEST(ExponentialDrift, TrBdf2IsSecondOrder) {
  expect_rows("tr_bdf2", 0,
              {{8.25e-4, 4.52e-4}, {1.93e-4, 1.06e-4}, {4.66e-5, 2.55e-5}, {1.14e-5, 6.26e-6},
               {2.83e-6, 1.55e-6}});
}

TEST(ExponentialDrift, MidpointIsSecondOrder) {
  expect_rows("midpoint", 0.05,
              {{3.13e-3, 1.59e-3}, {7.83e-4, 3.96e-4}, {1.95e-4, 9.89e-5}, {4.88e-5, 2.47e-5},
               {1.22e-5, 6.18e-6}});
}

}  // namespace
}  // namespace otto::test
