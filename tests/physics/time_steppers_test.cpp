// Properties of every scheme, on any number of ranks: mass, sign, equilibrium, balance, one answer.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string well = R"(
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [24, 20]
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "2*(x^2 - 1)^2 + 2*y^2 + 0.3*x*y"
[initial]
kind = "gaussian"
mean = [-1.0, 0.0]
variance = 0.1
[time]
scheme = "implicit_euler"
step = 0.02
end = 0.2
)";

std::vector<std::string> schemes() {
  std::vector<std::string> names;
  for (const std::string& scheme : scheme_names()) names.push_back(scheme);
  return names;
}

bool proximal(const std::string& scheme) { return scheme.starts_with("jko"); }

/// Random non-negative densities with empty patches and tiny values, the same on every rank count.
std::vector<double> rough_density(const Mesh& mesh, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> all(static_cast<std::size_t>(mesh.global_cells));
  for (double& r : all) {
    const double kind = uniform(random), value = uniform(random);
    r = kind < 0.4 ? 0.0 : kind < 0.5 ? 1e-300 : value;
  }
  std::vector<double> rho;
  for (std::int32_t i = 0; i < mesh.owned; ++i) {
    rho.push_back(all[std::size_t(mesh.global[std::size_t(i)])]);
  }
  return rho;
}

void expect_mass_and_sign(const Scenario& s, double drift) {
  const double mass = s.records.front().ledger.mass;
  for (const StepRecord& r : s.records) {
    ASSERT_LE(std::abs(r.ledger.mass - mass), drift * mass) << "step " << r.step;
    ASSERT_GE(r.ledger.min_density, 0) << "step " << r.step;
    ASSERT_TRUE(r.ledger.finite);
    ASSERT_TRUE(std::isfinite(r.ledger.dissipation));
  }
}

TEST(Steppers, KeepMassAndSignFromRoughStates) {
  for (const std::string& scheme : schemes()) {
    for (unsigned seed = 0; seed < 50; ++seed) {
      Scenario s(well, {"time.scheme=" + scheme, "mesh.cells=[12, 10]", "time.end=0.04"});
      State state = s.with_ghosts(rough_density(s.mesh, seed));
      s.run(state);
      expect_mass_and_sign(s, 1e-13);
    }
  }
}

TEST(Steppers, MassDoesNotDriftInTenThousandSteps) {
  for (const std::string& scheme : schemes()) {
    const bool dear = scheme == "midpoint" || scheme == "exponential" || proximal(scheme);
    Scenario s(well, {"time.scheme=" + scheme, "mesh.cells=[10, 9]", "time.step=0.003",
                      dear ? "time.end=3" : "time.end=30"});
    State state = s.with_ghosts(rough_density(s.mesh, 3));
    const RunOutcome outcome = s.run(state);
    EXPECT_GE(outcome.steps, dear ? 1000 : 10000);
    expect_mass_and_sign(s, 1e-12);
  }
}

TEST(Steppers, TheGibbsStateStaysAtRest) {
  for (const std::string& scheme : schemes()) {
    for (const char* flux : {"scharfetter_gummel", "square_root"}) {
      std::vector<std::string> settings{"time.scheme=" + scheme, "time.end=2"};
      if (!proximal(scheme)) settings.push_back("flux.kind=" + std::string(flux));
      Scenario s(well, settings);
      std::vector<double> gibbs(static_cast<std::size_t>(s.mesh.owned));
      for (std::size_t i = 0; i < gibbs.size(); ++i)
        gibbs[i] = std::exp(-s.generator.external()[i]);
      const double Z = integral(s.mesh, gibbs);
      for (double& p : gibbs) p /= Z;
      State state = s.with_ghosts(gibbs);
      s.run(state);
      for (std::size_t i = 0; i < gibbs.size(); ++i) {
        ASSERT_NEAR(state.density[i], gibbs[i], 1e-13) << scheme << ", " << flux;
      }
    }
  }
}

TEST(Steppers, MidpointBalancesEnergyAndDissipationToRounding) {
  for (const char* flux : {"scharfetter_gummel", "square_root"}) {
    for (const char* step : {"0.001", "0.01", "0.05"}) {
      Scenario s(well, {"time.scheme=midpoint", "flux.kind=" + std::string(flux),
                        "time.step=" + std::string(step)});
      State state = s.initial();
      s.run(state);
      double before = s.records.front().ledger.free_energy;
      for (const StepRecord& r : s.records) {
        EXPECT_LE(std::abs(r.edi_gap), 2e-14) << flux << ", step " << step << ", t = " << r.time;
        EXPECT_LE(r.ledger.free_energy, before);
        before = r.ledger.free_energy;
      }
    }
  }
}

TEST(Steppers, ImplicitEulerDissipatesForEveryStep) {
  for (const auto& [step, end] : {std::pair{"0.001", "0.1"}, {"0.1", "5.0"}, {"10.0", "50.0"}}) {
    Scenario s(well, {"time.step=" + std::string(step), "time.end=" + std::string(end)});
    State state = s.initial();
    s.run(state);
    double before = s.records.front().ledger.free_energy;
    for (const StepRecord& r : s.records) {
      EXPECT_LE(r.ledger.free_energy, before + 1e-13);
      if (r.step > 0) {
        EXPECT_LE(r.edi_gap, 1e-12);
      }
      before = r.ledger.free_energy;
    }
  }
}

TEST(Steppers, SurviveTenThousandKtAcrossOneCell) {
  for (const TwoPointFlux* flux : all_fluxes()) {
    if (!flux->monotone()) continue;
    Scenario s(well, {"flux.kind=" + flux->name(), "mesh.cells=[8, 8]",
                      "energy[2].expression=2e4*abs(x)", "time.end=0.1"});
    EXPECT_GE(s.generator.range(), 2e4);
    State state = s.initial();
    try {
      s.run(state);
      expect_mass_and_sign(s, 1e-12);
    } catch (const Error& e) {
      ADD_FAILURE() << flux->name() << ": " << e.what();
    }
  }
}

TEST(Steppers, AnswersDoNotDependOnTheRanks) {
  for (const std::string& scheme : schemes()) {
    const std::vector<std::string> settings{"time.scheme=" + scheme, "solver.rtol=1e-13",
                                            "time.tolerance=1e-10"};
    Scenario whole(well, settings), alone(well, settings, Comm(MPI_COMM_SELF));
    State state = whole.initial(), reference = alone.initial();
    const RunOutcome outcome = whole.run(state);
    const RunOutcome expected = alone.run(reference);
    EXPECT_EQ(outcome.steps, expected.steps);
    for (std::int32_t i = 0; i < whole.mesh.owned; ++i) {
      const double exact = reference.density[std::size_t(whole.mesh.global[std::size_t(i)])];
      ASSERT_NEAR(state.density[std::size_t(i)], exact, 2e-12) << scheme;
    }
    EXPECT_NEAR(outcome.last.ledger.free_energy, expected.last.ledger.free_energy, 1e-12);
    EXPECT_NEAR(outcome.last.ledger.dissipation, expected.last.ledger.dissipation, 1e-10);
  }
}

TEST(Steppers, DriftAndTimeDependentEnergiesKeepMass) {
  const std::string extra = "[drift]\nexpression = [\"-y\", \"x\"]\n";
  for (const std::string& scheme : schemes()) {
    Scenario turning(well + extra, {"time.scheme=" + scheme, "time.step=0.01"});
    State state = turning.initial();
    if (proximal(scheme)) {
      EXPECT_THROW(turning.run(state), InputError) << scheme;
    } else {
      turning.run(state);
      expect_mass_and_sign(turning, 1e-12);
    }
    if (scheme == "exponential") continue;
    Scenario moving(well, {"time.scheme=" + scheme, "time.step=0.01",
                           "energy[2].expression=2*(x - t)^2 + y^2"});
    State moved = moving.initial();
    moving.run(moved);
    expect_mass_and_sign(moving, 1e-12);
  }
}

TEST(Steppers, ExponentialRefusesEnergiesThatMove) {
  Scenario s(well, {"time.scheme=exponential", "energy[2].expression=x*t"});
  try {
    (void)s.make_stepper();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), ExitStatus::bad_input);
    EXPECT_NE(std::string(e.what()).find("time.scheme"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace otto::test
