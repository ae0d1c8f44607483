// The loop with steppers made for the test: times, refusals, monitors, values that are not finite.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/driver/simulation.h"
#include "scenario.h"

namespace otto::test {
namespace {

const std::string toml = R"(
[mesh]
kind = "box"
lower = [0.0]
upper = [1.0]
cells = [8]
[[energy]]
kind = "entropy"
temperature = 1.0
[time]
step = 0.1
end = 1.0
)";

/// Advances by a function of (state, dt).
class Scripted final : public Stepper {
 public:
  using Function = std::function<StepReport(State&, double)>;
  explicit Scripted(Function f) : f_(std::move(f)) {}
  StepReport advance(State& state, double dt) override { return f_(state, dt); }
  [[nodiscard]] int order() const override { return 1; }

 private:
  Function f_;
};

StepReport accept(State& state, double dt) {
  state.time += dt;
  StepReport report;
  report.accepted = true;
  return report;
}

struct Result {
  std::vector<StepRecord> records;
  RunOutcome outcome;
};

Result simulate_with(Scenario& s, const Scripted::Function& f, long stop_after = -1) {
  Scripted stepper(f);
  State state = s.with_ghosts(std::vector<double>(8, 1.0));
  Result result;
  struct Stop final : Monitor {
    Stop(Result& r, long n) : result(r), after(n) {}
    bool after_step(const State&, const StepRecord& record) override {
      result.records.push_back(record);
      return record.step != after;
    }
    void finish(const State&, const StepRecord& last) override { finished = last.step; }
    Result& result;
    long after, finished = -1;
  };
  std::vector<std::unique_ptr<Monitor>> monitors;
  auto stop = std::make_unique<Stop>(result, stop_after);
  const Stop& seen = *stop;
  monitors.push_back(std::move(stop));
  result.outcome = simulate(s.times(), s.problem, stepper, state, monitors);
  EXPECT_EQ(seen.finished, result.outcome.steps);
  return result;
}

TEST(Simulation, TellsMonitorsEveryStepAndTheOutputs) {
  Scenario s(toml, {"output.every=0.5"});
  const Result r = simulate_with(s, accept);
  ASSERT_EQ(r.records.size(), 11u);
  for (long k = 0; k <= 10; ++k) {
    const StepRecord& record = r.records[std::size_t(k)];
    EXPECT_EQ(record.step, k);
    EXPECT_NEAR(record.time, 0.1 * double(k), 1e-15);
    EXPECT_EQ(record.output_due, k % 5 == 0);
    EXPECT_EQ(record.last, k == 10);
  }
  EXPECT_FALSE(r.outcome.stopped);
  EXPECT_EQ(r.records.back().time, 1.0);
  EXPECT_DOUBLE_EQ(r.records[3].ledger.mass, 1.0);
}

TEST(Simulation, StopsWhereAMonitorAsks) {
  Scenario s(toml);
  const Result r = simulate_with(s, accept, 4);
  EXPECT_TRUE(r.outcome.stopped);
  EXPECT_EQ(r.outcome.steps, 4);
  EXPECT_NEAR(r.outcome.last.time, 0.4, 1e-15);
}

TEST(Simulation, HalvesRefusedStepsAndStillMeetsTheEnd) {
  Scenario s(toml);
  const Result r = simulate_with(s, [](State& state, double dt) {
    if (state.time < 0.5 && dt > 0.03) {
      StepReport refused;
      refused.reason = "too long";
      return refused;
    }
    return accept(state, dt);
  });
  EXPECT_GE(r.outcome.rejected, 2);
  EXPECT_EQ(r.records.back().time, 1.0);
  EXPECT_LE(r.records[1].dt, 0.03);
}

TEST(Simulation, GivesUpAfterTwentyRefusalsAndSaysWhy) {
  Scenario s(toml);
  State state = s.with_ghosts(std::vector<double>(8, 1.0));
  const State before = state;
  int attempts = 0;
  Scripted stepper([&](State&, double) {
    ++attempts;
    StepReport refused;
    refused.reason = "the moon is full";
    return refused;
  });
  std::vector<std::unique_ptr<Monitor>> none;
  try {
    (void)simulate(s.times(), s.problem, stepper, state, none);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), ExitStatus::numerical);
    EXPECT_NE(std::string(e.what()).find("the moon is full"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("20 times"), std::string::npos) << e.what();
  }
  EXPECT_EQ(attempts, 20);
  EXPECT_EQ(state.time, before.time);
  EXPECT_EQ(state.density, before.density);
}

TEST(Simulation, ShowsNoMonitorAValueThatIsNotFinite) {
  Scenario s(toml);
  long told = 0;
  Scripted stepper([&](State& state, double dt) {
    if (state.time > 0.35) state.density[5] = std::numeric_limits<double>::infinity();
    return accept(state, dt);
  });
  State state = s.with_ghosts(std::vector<double>(8, 1.0));
  std::vector<std::unique_ptr<Monitor>> monitors;
  monitors.push_back(std::make_unique<Watch>([&](const State& now, const StepRecord&) {
    for (double r : now.density) EXPECT_TRUE(std::isfinite(r));
    ++told;
  }));
  try {
    (void)simulate(s.times(), s.problem, stepper, state, monitors);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), ExitStatus::numerical);
    const std::string what = e.what();
    EXPECT_NE(what.find("cell 5 "), std::string::npos) << what;
    EXPECT_NE(what.find("0.6875"), std::string::npos) << what;  // its centre
  }
  EXPECT_EQ(told, 5);
}

TEST(Simulation, RefusesImpossibleTimesAtTheirKeys) {
  const std::pair<const char*, const char*> cases[] = {{"time.step=0.0", "time.step"},
                                                       {"time.step=-1.0", "time.step"},
                                                       {"time.end=0.0", "time.end"},
                                                       {"time.start=2.0", "time.end"},
                                                       {"time.tolerance=0.0", "time.tolerance"},
                                                       {"time.min_step=-1.0", "time.min_step"},
                                                       {"output.every=-1.0", "output.every"},
                                                       {"time.adaptive=true", "time.adaptive"}};
  for (const auto& [setting, key] : cases) {
    try {
      Scenario s(toml, {setting});
      simulate_with(s, accept);
      ADD_FAILURE() << setting;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), ExitStatus::bad_input) << setting;
      EXPECT_NE(std::string(e.what()).find(key), std::string::npos) << e.what();
    }
  }
}

TEST(Simulation, RefusedStepsLeaveTheStateAloneBitForBit) {
  set_petsc_options({{"ksp_max_it", "0"}});  // no solve can succeed
  for (const std::string& scheme : scheme_names()) {
    Scenario s(toml, {"time.scheme=" + scheme, "solver.rtol=1e-13", "mesh.cells=[64]"});
    const auto stepper = s.make_stepper();
    std::vector<double> density(64);
    for (std::size_t i = 0; i < 64; ++i) density[i] = 1 + std::sin(double(i * i));
    State state = s.with_ghosts(density);
    const State before = state;
    stepper->restart(state);
    const StepReport report = stepper->advance(state, 0.1);
    EXPECT_FALSE(report.accepted) << scheme;
    EXPECT_NE(report.reason.find("solve"), std::string::npos) << scheme << report.reason;
    EXPECT_EQ(state.time, before.time);
    EXPECT_EQ(state.density, before.density) << scheme;
  }
  set_petsc_options({{"ksp_max_it", "10000"}});
}

TEST(Simulation, NeedsAStepUnlessTheSchemeChoosesIt) {
  const std::string bare = toml.substr(0, toml.find("step = 0.1"));
  Scenario fixed(bare + "end = 1.0\n"), chosen(bare + "end = 1.0\n", {"time.scheme=exponential"}),
      adaptive(bare + "end = 1.0\n", {"time.scheme=tr_bdf2", "time.adaptive=true"});
  State state = fixed.with_ghosts(std::vector<double>{1, 2, 3, 4, 4, 3, 2, 1});
  EXPECT_THROW((void)fixed.run(state), Error);
  EXPECT_EQ(chosen.run(state).steps, 1);
  state.time = 0;
  EXPECT_GT(adaptive.run(state).steps, 3);
}

}  // namespace
}  // namespace otto::test
