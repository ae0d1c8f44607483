// Totals, stop guard and the words of the progress line.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "otto/driver/progress.h"
#include "otto/driver/stop_guard.h"
#include "otto/driver/totals.h"

using namespace otto;

namespace {

StepRecord record(long step, double mass, double min, double energy, double gap) {
  StepRecord r;
  r.step = step;
  r.time = 0.5 * static_cast<double>(step);
  r.ledger.mass = mass;
  r.ledger.min_density = min;
  r.ledger.free_energy = energy;
  r.edi_gap = gap;
  r.newton_iterations = step > 0 ? 2 : 0;
  r.linear_iterations = static_cast<int>(10 * step);
  r.max_linear_iterations = static_cast<int>(7 * step);
  return r;
}

TEST(Totals, KeepTheWorstOfAllSteps) {
  RunTotals t;
  t.add(record(0, 2, 0.5, -1, 0));
  t.add(record(1, 2.002, 0.25, -3, -1e-3));
  t.add(record(2, 1.999, 0.75, -2.5, 5e-4));
  t.add(record(3, 2, 0.9, -4, 1e-4));
  EXPECT_EQ(t.steps, 3);
  EXPECT_EQ(t.time, 1.5);
  EXPECT_NEAR(t.max_drift, 1e-3, 1e-15);
  EXPECT_EQ(t.min_density, 0.25);
  EXPECT_EQ(t.energy_initial, -1);
  EXPECT_EQ(t.energy_final, -4);
  EXPECT_EQ(t.max_increase, 0.5);
  EXPECT_EQ(t.edi_gap, -1e-3);
  EXPECT_EQ(t.newton, 6);
  EXPECT_EQ(t.linear, 60);
  EXPECT_EQ(t.max_linear, 21);
  EXPECT_EQ(t.max_optimality, -1);  // no step was proximal
  StepRecord proximal = record(4, 2, 0.9, -4, 0);
  proximal.optimality = 3e-9;
  t.add(proximal);
  proximal.optimality = 1e-10;
  t.add(proximal);
  EXPECT_EQ(t.max_optimality, 3e-9);
}

TEST(Totals, WarnAboutBrokenPromisesOnly) {
  RunTotals good;
  good.add(record(0, 1, 0, -1, 0));
  good.add(record(1, 1 + 1e-15, 0, -1 + 1e-14, 0));
  EXPECT_TRUE(good.warnings({.energy_decays = true, .mass_conserved = true}).empty());
  RunTotals bad;
  bad.add(record(0, 1, 0, -1, 0));
  bad.add(record(1, 0.999, -1e-9, -0.9, 0));
  EXPECT_EQ(bad.warnings({.energy_decays = true, .mass_conserved = true}).size(), 3U);
  EXPECT_EQ(bad.warnings({.energy_decays = false, .mass_conserved = false}).size(), 1U);
}

TEST(StopGuard, HearsSignalsWhileItLives) {
  for (const int number : {SIGTERM, SIGUSR1, SIGINT}) {
    const StopGuard guard;
    EXPECT_EQ(guard.reason(), StopGuard::none);
    ::raise(number);
    EXPECT_EQ(guard.reason(), StopGuard::signal);
  }
  struct sigaction now {};
  sigaction(SIGTERM, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST(StopGuard, KeepsTwoStepsAndOutputsInHand) {
  const auto now = std::chrono::steady_clock::now();
  StopGuard guard;
  guard.limit_wall_time(now, 100);
  EXPECT_EQ(guard.reason(), StopGuard::none);
  guard.step_took(20);
  guard.output_took(20);
  EXPECT_EQ(guard.reason(), StopGuard::none);
  guard.output_took(30);
  EXPECT_EQ(guard.reason(), StopGuard::wall_time);
  StopGuard late;
  late.limit_wall_time(now - std::chrono::seconds(100), 100);
  EXPECT_EQ(late.reason(), StopGuard::wall_time);
}

TEST(Progress, WordsForDurations) {
  EXPECT_EQ(duration_words(0.2), "1 s");
  EXPECT_EQ(duration_words(59), "59 s");
  EXPECT_EQ(duration_words(125), "2 min 05 s");
  EXPECT_EQ(duration_words(3661), "1 h 01 min");
}

}  // namespace
