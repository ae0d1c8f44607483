// Proximal steps where bounds or interactions decide: crowds, interactions alone, Keller-Segel on
// both sides of the critical mass, sums of everything; mass, sign, bounds, a free energy that never
// grows.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "scenario.h"

namespace otto::test {
namespace {

constexpr double pi = std::numbers::pi;

std::string box(int d, double lower, double upper, int n) {
  const auto list = [d](const std::string& x) {
    return d == 1 ? "[" + x + "]" : "[" + x + ", " + x + "]";
  };
  return fmt::format("[mesh]\nkind = \"box\"\nlower = {}\nupper = {}\ncells = {}\n",
                     list(fmt::format("{:.17f}", lower)), list(fmt::format("{:.17f}", upper)),
                     list(fmt::format("{}", n)));
}

std::string term(const std::string& lines) { return "[[energy]]\nkind = " + lines + "\n"; }

std::string jko(double end, double step, const std::string& more = "") {
  return fmt::format("[time]\nscheme = \"jko\"\nend = {:.17f}\nstep = {:.17f}\n{}", end, step,
                     more);
}

/// Runs and checks mass, sign, bounds and decay of every step; no step may be refused.
void run_checked(Scenario& s, State& state) {
  const RunOutcome outcome = s.run(state);
  EXPECT_EQ(outcome.rejected, 0);
  const double mass = s.records.front().ledger.mass, P = s.energy.internal().maximum();
  double F = s.records.front().ledger.free_energy;
  const double size = std::abs(F) + std::abs(s.records.back().ledger.free_energy);
  for (const StepRecord& r : s.records) {
    EXPECT_NEAR(r.ledger.mass / mass, 1, 1e-13) << r.step;
    EXPECT_GE(r.ledger.min_density, 0) << r.step;
    EXPECT_LE(r.ledger.max_density, P) << r.step;
    EXPECT_LE(r.ledger.free_energy, F + 1e-13 * size) << r.step;
    F = r.ledger.free_energy;
  }
}

double mean_of(const Scenario& s, const State& state,
               const std::function<double(const Point&)>& f) {
  std::vector<double> values(std::size_t(s.mesh.owned));
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = state.density[k] * f(s.mesh.center[k]);
  }
  return integral(s.mesh, values) / s.records.back().ledger.mass;
}

/// L1 distance to the full zone [0, t], the half dense one up to 1 - t, and nothing behind.
double crowd_error(int n, double t, double step, const std::string& more = "") {
  Scenario s(box(1, 0, 1, n) + term("\"crowd\"\nmaximum = 1.0") +
             term("\"external\"\nexpression = \"x\"") +
             "[initial]\nkind = \"uniform\"\nmass = 0.5\n" + jko(t, step, more));
  State state = s.initial();
  run_checked(s, state);
  std::vector<double> exact(std::size_t(s.mesh.owned));
  for (std::size_t k = 0; k < exact.size(); ++k) {
    const double x = s.mesh.center[k][0];
    exact[k] = x < std::min(t, 0.5) ? 1 : x < 1 - t ? 0.5 : 0;
  }
  return s.l1(state.density, exact);
}

TEST(JkoBounds, CrowdAgainstAWall) {
  const double coarse = crowd_error(50, 0.25, 0.01), fine = crowd_error(200, 0.25, 0.0025);
  fmt::print("crowd against a wall: L1 {:.3e}, {:.3e}\n", coarse, fine);
  EXPECT_LE(fine, 0.01);
  EXPECT_LE(fine, 0.6 * coarse);
  EXPECT_LE(crowd_error(50, 1.0, 0.02), 1e-5) << "all at rest against the wall";
  EXPECT_LE(crowd_error(50, 1.0, 0.5), 5e-3) << "in two steps, with the distance linearised";
  EXPECT_LE(crowd_error(100, 0.25, 0.01, "weights = \"upwind\"\n"), 0.04);
  EXPECT_LE(crowd_error(100, 0.25, 0.01, "weights = \"blend\"\nkappa = 1.0\n"), 0.03);
}

TEST(JkoBounds, CrowdInAWellComesToRestAndStays) {
  Scenario s(box(2, -1, 1, 14) + term("\"crowd\"\nmaximum = 2.0") +
             term("\"external\"\nexpression = \"x^2 + 2*y^2\"") +
             "[initial]\nkind = \"uniform\"\nmass = 2.0\n" + jko(1.2, 0.02));
  State state = s.initial();
  (void)s.run(state);
  const auto& last = s.records.back().ledger;
  // full inside x^2 + 2 y^2 = c with pi c/sqrt(2) = 1: F = 2 c pi c/(2 sqrt(2))
  EXPECT_NEAR(last.free_energy, std::sqrt(2.0) / pi, 5e-3);
  EXPECT_EQ(s.records[s.records.size() - 10].ledger.free_energy, last.free_energy)
      << "an equilibrium as far as the solver can tell stays to the last bit";
}

TEST(JkoBounds, InteractionsAlone) {
  if (Comm().size() > 1) GTEST_SKIP();  // long runs; DoesNotDependOnTheRanks compares ranks
  const std::string start = "[initial]\nkind = \"gaussian\"\nvariance = 0.1\nmean = ";
  {  // W = x^2/2 - log|x|: the semicircle law
    Scenario s(box(1, -2, 2, 128) + term("\"interaction\"\nlibrary = \"attractive_repulsive\"") +
               start + "[0.1]\n" + jko(4, 0.05));
    State state = s.initial();
    run_checked(s, state);
    const Case exact = parse_case(
        "[exact]\ndensity = \"sqrt(max(2 - (x - 0.1)^2, 0))/pi\"\n"
        "[mesh]\nkind = \"box\"\nlower = [0.0]\nupper = [1.0]\ncells = [4]\n",
        "exact.toml");
    EXPECT_LE(s.l1(state.density, *exact_density(exact, s.mesh, 0)), 2e-3);
  }
  {  // the same in the plane: the uniform disc of radius 1
    Scenario s(box(2, -1.5, 1.5, 40) + term("\"interaction\"\nlibrary = \"attractive_repulsive\"") +
               start + "[0.0, 0.0]\n" + jko(3, 0.1));
    State state = s.initial();
    run_checked(s, state);
    double max = 0;
    for (std::size_t k = 0; k < std::size_t(s.mesh.owned); ++k) {
      const double r = std::hypot(s.mesh.center[k][0], s.mesh.center[k][1]);
      if (r < 0.8) max = std::max(max, std::abs(state.density[k] * pi - 1));
    }
    EXPECT_LE(max, 0.01);
    EXPECT_NEAR(mean_of(s, state, [](const Point& x) { return x[0] * x[0] + x[1] * x[1]; }), 0.5,
                0.005);
  }
}

TEST(JkoBounds, SecondMomentOfKellerSegel) {
  for (const double factor : {4.0, 8.0, 12.0}) {
    const double M = factor * pi, end = 0.04;
    Scenario s(box(2, -5.5, 5.5, 120) + term("\"entropy\"\ntemperature = 1.0") +
               term(fmt::format("\"interaction\"\nlibrary = \"logarithmic\"\nstrength = {:.17f}",
                                1 / (2 * pi))) +
               fmt::format("[initial]\nkind = \"gaussian\"\nmean = [0.0, 0.0]\nvariance = 0.8\n"
                           "mass = {:.17f}\n",
                           M) +
               jko(end, 0.01));
    State state = s.initial();
    const double before = s.second_moment(state);
    run_checked(s, state);
    const double slope = (s.second_moment(state) - before) / end, exact = 4 * M * (1 - factor / 8);
    fmt::print("M = {} pi: slope {:.4f}, exact {:.4f}\n", factor, slope, exact);
    const double size =
        factor == 8 ? 4 * M : std::abs(exact);  // of the diffusion, where they cancel
    EXPECT_LE(std::abs(slope - exact), 0.01 * size) << factor;
  }
}

const std::string everything =
    box(2, -1, 1, 16) + term("\"entropy\"\ntemperature = 0.3") +
    term("\"power\"\nexponent = 3.0\nstrength = 0.2") + term("\"crowd\"\nmaximum = 0.9") +
    term("\"external\"\nexpression = \"5*x + (x*y)^2\"") +
    term("\"interaction\"\nlibrary = \"gaussian\"\nrange = 0.3\nstrength = 2.0") +
    "[initial]\nkind = \"expression\"\nexpression = \"(x > 0)*(1 + sin(5*y)/4)\"\nmass = 1.2\n"
    "[solver]\nrtol = 1e-11\n";

TEST(JkoBounds, SumsAndLongSteps) {
  for (const double step : {0.05, 0.5}) {
    Scenario s(everything + jko(4 * step, step));
    State state = s.initial();
    (void)s.run(state);
    EXPECT_LE(s.records.back().ledger.max_density, 0.9);
    EXPECT_LE(s.records.back().ledger.free_energy, s.records[1].ledger.free_energy);
  }
}

/// Newton iterations per step and CG iterations per Newton iteration of ten steps.
std::array<double, 2> effort_of_power_law(double exponent, double step) {
  const std::string valley =
      "0.5*(0.84*x - 0.55*y)^2 + 9*((0.55*x + 0.84*y) + 0.7*((0.84*x - 0.55*y)^2 - 1))^2";
  Scenario s(
      box(2, -2, 2, 64) + term(fmt::format("\"power\"\nexponent = {}", exponent)) +
      term("\"external\"\nexpression = \"" + valley + "\"") +
      "[initial]\nkind = \"expression\"\nexpression = \"(0.47*x + 0.88*y < 0.05) ? 1 : 0\"\n" +
      jko(10 * step, step));
  State state = s.initial();
  run_checked(s, state);
  double newton = 0, linear = 0;
  for (std::size_t k = 1; k < s.records.size(); ++k) {
    newton += s.records[k].newton_iterations;
    linear += s.records[k].linear_iterations;
  }
  return {newton / double(s.records.size() - 1), linear / newton};
}

/// Mass from half of the box falls into a bent valley: fronts of compact support.
TEST(JkoBounds, PowerLawsNeedFewIterations) {
  for (const double exponent : {1.5, 2.0, 3.0}) {
    const auto [newton, linear] = effort_of_power_law(exponent, 0.025);
    fmt::print("power law m = {}: {:.1f} Newton iterations a step, {:.1f} CG each\n", exponent,
               newton, linear);
    EXPECT_LE(newton, 6.5) << exponent;
    EXPECT_LE(linear, 12) << exponent;
  }
}

TEST(JkoBounds, DoesNotDependOnTheRanks) {
  const std::string crowd = box(2, -1, 1, 16) + term("\"crowd\"\nmaximum = 1.0") +
                            term("\"interaction\"\nlibrary = \"quadratic\"") +
                            "[initial]\nkind = \"gaussian\"\nmean = [0.2, 0.1]\nvariance = 0.2\n"
                            "[solver]\nrtol = 1e-12\n";
  for (const std::string& toml : {everything + jko(0.1, 0.02), crowd + jko(0.3, 0.05)}) {
    Scenario all(toml), one(toml, {}, Comm(MPI_COMM_SELF));
    State together = all.initial(), alone = one.initial();
    (void)all.run(together);
    (void)one.run(alone);
    for (std::size_t k = 0; k < std::size_t(all.mesh.owned); ++k) {
      EXPECT_NEAR(together.density[k], alone.density[std::size_t(all.mesh.global[k])], 1e-8);
    }
  }
}

}  // namespace
}  // namespace otto::test
