// Every registered scheme that suits the case, stopped after k = 1 ... 20 steps and gone on with in
// new objects from nothing but what it remembers, ends where the uninterrupted run ends, to the
// last bit.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "scenario.h"

namespace otto::test {
namespace {

/// An archive in memory.
class Box final : public Archive {
 public:
  explicit Box(const Mesh& mesh) : mesh_(&mesh) {}
  void open(const Mesh& mesh) {
    mesh_ = &mesh;
    loading_ = true;
  }
  [[nodiscard]] bool loading() const override { return loading_; }

 protected:
  void take_number(const std::string& name, double& x) override {
    std::vector<double> one{x};
    take_numbers(name, one);
    x = one.at(0);
  }
  void take_numbers(const std::string& name, std::vector<double>& x) override {
    if (loading_) {
      x = kept_.at(name);
    } else {
      EXPECT_TRUE(kept_.emplace(name, x).second) << name << " is named twice";
    }
  }
  void take_cells(const std::string& name, std::vector<double>& values, bool ghosts) override {
    const auto size = static_cast<std::size_t>(ghosts ? mesh_->local() : mesh_->owned);
    EXPECT_TRUE(values.empty() || values.size() == size || loading_) << name;
    std::vector<double> own(values.begin(),
                            values.begin() + (values.empty() ? 0 : std::ptrdiff_t(mesh_->owned)));
    if (loading_) own.assign(std::size_t(values.size()), 0.0);
    take_numbers(name, own);
    if (!loading_) return;
    values = own;
    if (!ghosts || own.empty()) return;
    values.resize(size);
    mesh_->halo.update(mesh_->comm, values);
  }

 private:
  const Mesh* mesh_;
  bool loading_ = false;
  std::map<std::string, std::vector<double>> kept_;
};

const std::string grid = R"(
[mesh]
kind = "box"
lower = [-2.0, -2.0]
upper = [2.0, 2.0]
cells = [14, 12]
)";

const std::string linear = R"(
[[energy]]
kind = "entropy"
temperature = 1.0
[[energy]]
kind = "external"
expression = "2*(x^2 - 1)^2 + 2*y^2 + 0.3*x*y"
)";

const std::string rest = R"(
[initial]
kind = "gaussian"
mean = [-1.0, 0.0]
variance = 0.1
[time]
step = 0.01
end = 0.28
[output]
every = 0.045
)";

const std::string toml = grid + linear + rest;

/// A run in parts: everything that moves.
struct Trip {
  Trip(const std::string& text, const std::vector<std::string>& settings)
      : scenario(text, settings), stepper(scenario.make_stepper()) {
    state = scenario.initial();
    loop.control = make_control(scenario.times(), *stepper);
  }
  void remember(Archive& a) {
    a.number("time", state.time);
    a.cells_with_ghosts("density", state.density);
    a.part("loop", loop);
    a.part("stepper", *stepper);
    if (a.loading()) loop.restart = false;
  }
  /// Runs on to the end or until `stop` steps have been made in all.
  void go(long stop) {
    struct Stop final : Monitor {
      explicit Stop(long n) : after(n) {}
      bool after_step(const State&, const StepRecord& r) override { return r.step < after; }
      long after;
    };
    std::vector<std::unique_ptr<Monitor>> monitors;
    monitors.push_back(std::make_unique<Stop>(stop));
    outcome = simulate(scenario.times(), scenario.problem, *stepper, state, loop, monitors);
  }
  Scenario scenario;
  std::unique_ptr<Stepper> stepper;
  State state;
  LoopState loop;
  RunOutcome outcome;
};

bool suits(const std::string& text, const std::vector<std::string>& settings) {
  try {
    const Trip run(text, settings);
    return true;
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), ExitStatus::bad_input) << e.what();
    return false;
  }
}

void expect_equal_runs(const std::string& what, const std::string& text,
                       const std::vector<std::string>& settings) {
  Trip whole(text, settings);
  whole.go(1000);
  ASSERT_GT(whole.outcome.steps, 1) << what;
  for (long k = 1; k <= 20 && k < whole.outcome.steps; ++k) {
    Trip first(text, settings);
    first.go(k);
    Box box(first.scenario.mesh);
    first.remember(box);
    Trip second(text, settings);
    box.open(second.scenario.mesh);
    second.remember(box);
    second.go(1000);
    ASSERT_EQ(second.outcome.steps, whole.outcome.steps) << what << ", k = " << k;
    ASSERT_EQ(second.outcome.rejected, whole.outcome.rejected) << what << ", k = " << k;
    ASSERT_EQ(second.state.time, whole.state.time) << what << ", k = " << k;
    ASSERT_EQ(second.state.density, whole.state.density) << what << ", k = " << k;
    ASSERT_EQ(second.loop.record.ledger.free_energy, whole.loop.record.ledger.free_energy);
    ASSERT_EQ(second.loop.record.edi_gap, whole.loop.record.edi_gap) << what << ", k = " << k;
    ASSERT_EQ(second.loop.record.linear_iterations, whole.loop.record.linear_iterations) << what;
  }
}

TEST(Restart, EverySchemeGoesOnToTheLastBit) {
  int tried = 0;
  for (const std::string& scheme : scheme_names()) {
    for (const char* choice : {"time.adaptive=false", "time.adaptive=true"}) {
      std::vector<std::string> settings{"time.scheme=" + scheme, choice, "time.tolerance=1e-3"};
      if (!suits(toml, settings)) continue;
      ++tried;
      expect_equal_runs(scheme + ", " + choice, toml, settings);
    }
  }
  EXPECT_GE(tried, 6);
}

TEST(Restart, EnergiesAndDriftsThatMoveGoOnToTheLastBit) {
  for (const std::string& scheme : scheme_names()) {
    const std::vector<std::string> settings{
        "time.scheme=" + scheme, "energy[2].expression=2*(x - t)^2 + y^2",
        "drift.expression=[\"-y\", \"x + t\"]", "time.end=0.09"};
    if (!suits(toml, settings)) continue;
    expect_equal_runs(scheme + " in a moving energy", toml, settings);
  }
}

TEST(Restart, NonlinearEnergiesGoOnToTheLastBit) {
  const std::string well = "[[energy]]\nkind = \"external\"\nexpression = \"x^2 + 2*y^2\"\n";
  const std::string crowd = "[[energy]]\nkind = \"crowd\"\nmaximum = 1.6\n";
  const std::map<std::string, std::string> energies{
      {"a porous medium", well + "[[energy]]\nkind = \"power\"\nexponent = 2.0\n"},
      {"a warm crowd", linear + crowd},
      {"an interaction", linear + "[[energy]]\nkind = \"interaction\"\nexpression = \"r^2\"\n"}};
  int tried = 0;
  for (const auto& [what, terms] : energies) {
    for (const std::string& scheme : scheme_names()) {
      const std::vector<std::string> settings{"time.scheme=" + scheme, "time.end=0.06"};
      const std::string text = grid + terms + rest;
      if (!suits(text, settings)) continue;
      ++tried;
      expect_equal_runs(scheme + " with " + what, text, settings);
    }
  }
  EXPECT_GE(tried, 6);
  // the pressure of a full crowd is remembered
  expect_equal_runs("implicit_euler with a full crowd", grid + well + crowd + rest,
                    {"time.scheme=implicit_euler", "time.end=0.06"});
}

TEST(Restart, MeshesFromFilesGoOnToTheLastBit) {
  const std::string square =
      "[mesh]\nkind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR "/meshes/acute.msh\"\n";
  const std::string start =
      "[initial]\nkind = \"gaussian\"\nmean = [0.4, 0.6]\nvariance = "
      "0.02\n[time]\nstep = 0.01\nend = 0.06\n";
  const std::string terms =
      "[[energy]]\nkind = \"entropy\"\ntemperature = 0.2\n[[energy]]\n"
      "kind = \"external\"\nexpression = \"x^2 + 2*y\"\n";
  const bool alone =
      Comm(MPI_COMM_WORLD).size() == 1;  // several ranks are tried above, and are slow here
  int tried = 0;
  for (const char* cells : {"elements", "vertices", "medians"}) {
    if (!alone && std::string(cells) != "medians") continue;
    for (const std::string& scheme : scheme_names()) {
      std::vector<std::string> settings{"time.scheme=" + scheme,
                                        std::string("mesh.control_volumes=") + cells};
      if (std::string(cells) == "medians") settings.emplace_back("flux.kind=simplex");
      if (!suits(square + terms + start, settings)) continue;
      ++tried;
      expect_equal_runs(scheme + " on " + cells, square + terms + start, settings);
    }
  }
  EXPECT_GE(tried, alone ? 2 * 6 + 2 : 2);
}

TEST(Restart, WhatIsForgottenShows) {
  // the test above can fail: without the history of guesses the last digits differ
  const std::vector<std::string> settings{"solver.rtol=1e-6"};
  Trip whole(toml, settings), first(toml, settings), second(toml, settings);
  whole.go(1000);
  first.go(10);
  second.state = first.state;
  second.loop = first.loop;
  second.loop.restart = true;
  second.go(1000);
  EXPECT_EQ(second.outcome.steps, whole.outcome.steps);
  EXPECT_TRUE(whole.scenario.mesh.comm.any(second.state.density != whole.state.density));
}

}  // namespace
}  // namespace otto::test
