// The flux of fourth order: its order where derivatives along and across the faces matter, and the
// moments of linear drifts, which are exact.

#include "otto/operators/fourth_order.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../scenario.h"
#include "otto/driver/moments.h"

namespace otto::test {
namespace {

const std::string flux = "[flux]\nkind = \"fourth_order\"\n[solver]\nrtol = 1e-12\n";

/// V = |x|^2 / 2 and a rotation: the mean turns and decays, the variance is 1 + (s0 - 1) e^{-2t}.
TEST(FourthOrder, IsKeptAcrossATurningDrift) {
  const std::string turning =
      "[mesh]\nlower = [-6.0, -7.0]\nupper = [7.0, 6.0]\ncells = [20, 20]\n"
      "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n"
      "[[energy]]\nkind = \"external\"\nexpression = \"0.5*(x^2 + y^2)\"\n"
      "[drift]\nexpression = [\"-3*y\", \"3*x\"]\n"
      "[initial]\nkind = \"gaussian\"\nmean = [1.0, 0.0]\nvariance = 0.6\n"
      "[time]\nscheme = \"exponential\"\nstep = 0.4\nend = 0.4\ntolerance = 1e-9\n"
      "[exact]\ndensity = \"exp(-((x - exp(-t)*cos(3*t))^2 + (y - exp(-t)*sin(3*t))^2)"
      "/(2 - 0.8*exp(-2*t)))/(pi*(2 - 0.8*exp(-2*t)))\"\n" +
      flux;
  std::vector<double> error;
  for (const char* cells : {"[26, 26]", "[52, 52]", "[104, 104]"}) {
    Scenario s(turning, {"mesh.cells=" + std::string(cells)});
    State state = s.initial();
    s.run(state);
    const auto exact = exact_density(s.c, s.mesh, state.time);
    ASSERT_TRUE(exact);
    error.push_back(s.l1(state.density, *exact));
  }
  EXPECT_GT(std::log2(error[0] / error[1]), 3.5);
  EXPECT_NEAR(std::log2(error[1] / error[2]), 4, 0.15);
}

/// m' = -A m, C' = -A C - C A^T + 2 kT by a Runge-Kutta method, A = [[1, .4 - w], [.4 + w, 2]].
std::vector<double> exact_moments(double w, double kT, double end) {
  std::vector<double> y{0.8, -0.5, 0.5, 0, 0.5};  // m_x, m_y, C_xx, C_xy, C_yy
  const double p = 0.4 - w, q = 0.4 + w;
  const auto rate = [&](const std::vector<double>& u) -> std::vector<double> {
    return {-u[0] - p * u[1], -q * u[0] - 2 * u[1], -2 * (u[2] + p * u[3]) + 2 * kT,
            -(q * u[2] + 3 * u[3] + p * u[4]), -2 * (q * u[3] + 2 * u[4]) + 2 * kT};
  };
  const int steps = 400;
  const double dt = end / steps;
  const auto moved = [](std::vector<double> u, double c, const std::vector<double>& k) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] += c * k[i];
    return u;
  };
  for (int n = 0; n < steps; ++n) {
    const auto k1 = rate(y), k2 = rate(moved(y, dt / 2, k1)), k3 = rate(moved(y, dt / 2, k2)),
               k4 = rate(moved(y, dt, k3));
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] += dt / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    }
  }
  return y;
}

/// Nothing but the walls, 7 standard deviations away, and the tolerances tell the moments from the
/// exact ones. A flux of second order is off by O(h^2), h = 1/4.
TEST(FourthOrder, MomentsOfLinearDriftsAreExact) {
  Scenario s(
      "[mesh]\nlower = [-6.0, -6.0]\nupper = [6.0, 6.0]\ncells = [48, 44]\n"
      "[[energy]]\nkind = \"entropy\"\ntemperature = 0.7\n"
      "[[energy]]\nkind = \"external\"\nexpression = \"0.5*x^2 + 0.4*x*y + y^2\"\n"
      "[drift]\nexpression = [\"0.5*y\", \"-0.5*x\"]\n"
      "[initial]\nkind = \"gaussian\"\nmean = [0.8, -0.5]\nvariance = 0.5\n"
      "[time]\nscheme = \"exponential\"\nstep = 0.7\nend = 0.7\ntolerance = 1e-10\n" +
      flux);
  State state = s.initial();
  s.run(state);
  std::vector<double> told =
      moments(s.mesh, std::span(state.density).first(std::size_t(s.mesh.owned)));
  told[2] -= 0.25 * 0.25 / 12;
  told[4] -= (12.0 / 44) * (12.0 / 44) / 12;
  const std::vector<double> exact = exact_moments(0.5, 0.7, 0.7);
  for (std::size_t i = 0; i < told.size(); ++i) EXPECT_NEAR(told[i], exact[i], 1e-6) << i;
}

}  // namespace
}  // namespace otto::test
