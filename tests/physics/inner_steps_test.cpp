// Properties of JKO steps in several inner steps, on any number of ranks: mass, sign, a falling
// free energy, rest at equilibrium, and the step of one inner step where there is one.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "otto/newton/inner_newton.h"
#include "scenario.h"

namespace otto::test {
namespace {

std::string well(const std::string& initial, const std::string& weights, double kappa, int N) {
  return fmt::format(
      "[mesh]\nkind = \"box\"\nlower = [-2.0, -2.0]\nupper = [2.0, 2.0]\ncells = [24, 20]\n"
      "[[energy]]\nkind = \"entropy\"\ntemperature = 1.0\n"
      "[[energy]]\nkind = \"external\"\nexpression = \"2*(x^2 - 1)^2 + 2*y^2 + 0.3*x*y\"\n"
      "[initial]\n{}\n[time]\nscheme = \"jko\"\nstep = 0.05\nend = 0.25\nweights = \"{}\"\n"
      "kappa = {:.1f}\ninner_steps = {}\n",
      initial, weights, kappa, N);
}

const std::string left = "kind = \"gaussian\"\nmean = [-1.0, 0.0]\nvariance = 0.1";

TEST(InnerSteps, KeepMassAndSignAndLetTheFreeEnergyFall) {
  for (const std::string weights : {"centred", "upwind", "blend"}) {
    for (const double kappa : {1.0, 0.5}) {
      Scenario s(well(left, weights, kappa, 3));
      State state = s.initial();
      (void)s.run(state);
      EXPECT_EQ(s.records.back().rejected, 0) << weights << " " << kappa;
      double F = s.records.front().ledger.free_energy;
      for (const StepRecord& r : s.records) {
        EXPECT_NEAR(r.ledger.mass, 1, 1e-13);
        EXPECT_GE(r.ledger.min_density, 0);
        if (r.step == 0) continue;
        // F(rho1) + W2^2 / (2 tau) <= F(rho0), W2^2 = tau^2 dissipation
        EXPECT_LE(r.ledger.free_energy + 0.5 * r.dt * r.ledger.dissipation, F + 1e-12);
        EXPECT_LE(r.inner.newton_iterations, 8);
        EXPECT_GT(r.inner.transport_solves, 0);
        F = r.ledger.free_energy;
      }
    }
  }
}

TEST(InnerSteps, LeaveAnEquilibriumUntouched) {
  Scenario s(well("kind = \"gibbs\"", "centred", 1, 4));
  State state = s.initial();
  const std::vector<double> before = state.density;
  (void)s.run(state);
  EXPECT_EQ(state.density, before);
  EXPECT_EQ(s.records.back().newton_iterations, 0);
}

TEST(InnerSteps, OneOfThemIsTheLinearisedStep) {
  Scenario s(well(left, "centred", 1, 1));
  Transport transport(s.mesh);
  const SolverOptions options{.rtol = 1e-8};
  ProximalNewton newton(s.energy, transport, options);
  InnerNewton inner(s.energy, transport, options, 1);
  s.generator.set_time(0);
  const State state = s.initial();
  std::vector<double> phi(std::size_t(s.mesh.local()), 0.0), rho;
  ProximalStep step{0.05, 1, state.density, s.generator.external(), true};
  ASSERT_TRUE(newton.solve(step, phi, rho).converged);
  const std::vector<double> once = rho;
  step.rho0 = newton.start();
  const NewtonReport report = inner.solve(step, phi, rho);
  EXPECT_TRUE(report.converged);
  EXPECT_LE(s.l1(once, rho), 1e-7);
}

/// A disc in a double well, most of the box empty.
std::string disc(double m, double kappa, int N) {
  return fmt::format(
      "[mesh]\nkind = \"box\"\nlower = [-2.0, -2.0]\nupper = [2.0, 2.0]\ncells = [24, 20]\n"
      "[[energy]]\nkind = \"power\"\nexponent = {:.1f}\n"
      "[[energy]]\nkind = \"external\"\nexpression = \"(x^2 - 1)^2 + 2*y^2 + 0.3*x*y\"\n"
      "[initial]\nkind = \"expression\"\nexpression = \"((x + 0.7)^2 + y^2 < 0.4) ? 1 : 0\"\n"
      "[time]\nscheme = \"jko\"\nstep = 0.02\nend = 0.04\nkappa = {:.1f}\ninner_steps = {}\n",
      m, kappa, N);
}

TEST(InnerSteps, OfPowerLawsKeepMassSignAndVacuumAndLetTheFreeEnergyFall) {
  for (const double m : {1.5, 3.0}) {
    for (const double kappa : {1.0, 0.5}) {
      Scenario s(disc(m, kappa, 3));
      State state = s.initial();
      (void)s.run(state);
      double F = s.records.front().ledger.free_energy;
      for (const StepRecord& r : s.records) {
        EXPECT_NEAR(r.ledger.mass, 1, 1e-13);
        EXPECT_EQ(r.ledger.min_density, 0);
        if (r.step == 0) continue;
        EXPECT_EQ(r.rejected, 0);
        EXPECT_TRUE(r.fallback == fallback::none || r.fallback == fallback::loose) << m << " " << kappa;
        EXPECT_EQ(r.fallback == fallback::loose, r.optimality > 1e-9) << m << " " << kappa;
        EXPECT_LE(r.ledger.free_energy + 0.5 * r.dt * r.ledger.dissipation, F + 1e-8);
        EXPECT_GT(r.inner.newton_iterations, 0);
        F = r.ledger.free_energy;
      }
    }
  }
}

TEST(InnerSteps, OneOfThemIsTheLinearisedStepOfAPowerLaw) {
  Scenario s(disc(2, 1, 1));
  Transport transport(s.mesh);
  const SolverOptions options{.rtol = 1e-8};
  ProximalNewton newton(s.energy, transport, options);
  InnerNewton inner(s.energy, transport, options, 1);
  s.generator.set_time(0);
  const State state = s.initial();
  std::vector<double> phi(std::size_t(s.mesh.local()), 0.0), rho;
  const ProximalStep step{0.02, 1, state.density, s.generator.external(), true};
  ASSERT_TRUE(newton.solve(step, phi, rho).converged);
  const std::vector<double> once = rho;
  const NewtonReport report = inner.solve(step, phi, rho);
  EXPECT_TRUE(report.converged) << report.reason;
  EXPECT_LE(report.optimality, 1e-5);
  EXPECT_LE(s.l1(once, rho), 1e-4);  // N = 2 is a hundredth of the mass away
}

TEST(InnerSteps, AreRefusedWhereDensitiesAreBoundedFromAbove) {
  const std::string toml =
      "[mesh]\nkind = \"box\"\nlower = [0.0]\nupper = [1.0]\ncells = [32]\n"
      "[[energy]]\nkind = \"crowd\"\nmaximum = 2.0\n[initial]\nkind = \"uniform\"\n"
      "[time]\nscheme = \"jko\"\nstep = 0.1\nend = 0.1\ninner_steps = 2\n";
  Scenario s(toml);
  try {
    (void)s.make_stepper();
    FAIL() << "accepted";
  } catch (const InputError& e) {
    EXPECT_NE(std::string(e.what()).find("inner_steps"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("scenario.toml:"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace otto::test
