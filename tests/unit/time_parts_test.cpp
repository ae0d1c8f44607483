// The small parts of the loop: timetable, step control, error budget, extrapolation.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "otto/time/error_budget.h"
#include "otto/time/extrapolation.h"
#include "otto/time/step_control.h"
#include "otto/time/timetable.h"

namespace otto {
namespace {

/// All steps from start to end with a constant wish.
std::vector<Timetable::Leap> steps(const Timetable& table, double start, double dt) {
  std::vector<Timetable::Leap> all;
  for (double t = start; !table.over(t) && all.size() < 100000; t = all.back().arrival) {
    all.push_back(table.leap(t, dt));
  }
  return all;
}

TEST(Timetable, WholeStepsStayExactlyConstant) {
  for (const double dt : {0.1, 0.01, 1.0 / 3, 1e-4}) {
    const auto all = steps({0, 1, 0}, 0, dt);
    EXPECT_EQ(all.size(), std::size_t(std::round(1 / dt)));
    for (const auto& leap : all) EXPECT_EQ(leap.dt, dt);
    EXPECT_EQ(all.back().arrival, 1.0);
    for (std::size_t k = 0; k + 1 < all.size(); ++k) {
      EXPECT_NEAR(all[k].arrival, double(k + 1) * dt, 1e-15);
      EXPECT_FALSE(all[k].output_due);
    }
  }
}

TEST(Timetable, StepsEndAtOutputTimes) {
  const auto all = steps({1, 2, 0.25}, 1, 0.1);
  ASSERT_EQ(all.size(), 12u);  // 0.1 0.1 0.05, four times
  for (std::size_t k = 0; k < 12; ++k) {
    EXPECT_EQ(all[k].output_due, k % 3 == 2);
    EXPECT_NEAR(all[k].dt, k % 3 == 2 ? 0.05 : 0.1, 1e-12);
  }
  EXPECT_EQ(all[2].arrival, 1.25);
  EXPECT_EQ(all[11].arrival, 2.0);
}

TEST(Timetable, OutputsThatDivideEvenlyLeaveStepsConstant) {
  const auto all = steps({0, 1, 0.05}, 0, 0.01);
  EXPECT_EQ(all.size(), 100u);
  for (const auto& leap : all) EXPECT_EQ(leap.dt, 0.01);
}

TEST(Timetable, LeavesNoTinyStep) {
  EXPECT_EQ(steps({0, 1, 0}, 0, 0.333333).size(), 3u);
  EXPECT_EQ(steps({0, 1, 0.3}, 0, 1).size(), 4u);    // 0.3 0.6 0.9 1
  EXPECT_EQ(steps({0, 0.9, 0.3}, 0, 1).size(), 3u);  // 0.9 is the end, not an output before it
  EXPECT_EQ(steps({0, 1, 5}, 0, 7).size(), 1u);
}

TEST(Timetable, ResumesOnTheSameSteps) {
  const Timetable table(0, 1, 0.1);
  const auto all = steps(table, 0, 0.03);
  for (std::size_t k = 0; k + 1 < all.size(); ++k) {
    const auto again = table.leap(all[k].arrival, 0.03);
    EXPECT_EQ(again.dt, all[k + 1].dt);
    EXPECT_EQ(again.arrival, all[k + 1].arrival);
  }
}

TEST(StepControl, FixedStepsHalveAndComeBack) {
  StepControl control({.step = 0.8});
  control.refused(0.8, 0);
  EXPECT_EQ(control.wish(), 0.4);
  control.refused(0.4, 0);
  EXPECT_EQ(control.wish(), 0.2);
  for (int k = 0; k < 3; ++k) control.accepted(0.2, 0);
  EXPECT_EQ(control.wish(), 0.4);
  for (int k = 0; k < 6; ++k) control.accepted(0.4, 0);
  EXPECT_EQ(control.wish(), 0.8);
}

TEST(StepControl, FixedStepsThatCrawlAreStuck) {
  const auto stuck = [](double dt, int steps) {
    StepControl control({.step = 1.0});
    for (int k = 0; k < steps; ++k) {
      while (control.wish() > dt) control.refused(control.wish(), 0);
      control.accepted(control.wish(), 0);
    }
    return control.stuck();
  };
  EXPECT_FALSE(stuck(1e-7, 999));
  EXPECT_TRUE(stuck(1e-7, 1000));
  EXPECT_FALSE(stuck(1e-5, 5000));  // slow, but it gets somewhere
}

TEST(StepControl, AdaptiveStepsChangeOnlyWhereItIsWorthIt) {
  StepControl control({.step = 0.1, .adaptive = true, .min_step = 1e-3, .max_step = 0.5});
  control.accepted(0.1, 0.12);
  EXPECT_EQ(control.wish(), 0.1);
  control.accepted(0.1, 0.2);
  EXPECT_EQ(control.wish(), 0.2);
  control.accepted(0.2, 1.0);
  EXPECT_EQ(control.wish(), 0.5);
  control.refused(0.5, 0.3);
  EXPECT_EQ(control.wish(), 0.3);
  control.accepted(0.3, 0.6);
  EXPECT_EQ(control.wish(), 0.5);  // right after a refusal, no longer than what was refused
  control.accepted(0.3, 1e-9);
  EXPECT_EQ(control.wish(), 1e-3);
}

TEST(ErrorBudget, SpendsTheToleranceOnAModelProblem) {
  // Own errors C dt^3 e^{-6t}, carried ones decaying like the solution.
  const double tolerance = 1e-5;
  const ErrorBudget budget(tolerance, 0, 1);
  double t = 0, dt = 1e-3, E = 0;
  int count = 0;
  for (; t < 1 && count < 10000; ++count) {
    dt = std::min(dt, 1 - t);
    StepError e;
    e.before = E;
    e.carried = E * std::exp(-6 * dt);
    e.own = 3 * dt * dt * dt * std::exp(-6 * t);
    e.after = e.carried + e.own;
    if (t > 0) e.fading = budget.fading(t, dt, std::exp(-6 * dt));
    if (!budget.affords(dt, e)) {
      const double shorter = budget.shorter(t, dt, e, 2);
      ASSERT_LT(shorter, dt);
      dt = shorter;
      continue;
    }
    t += dt;
    E = e.after;
    ASSERT_LE(E, 1.2 * tolerance);
    dt = budget.next(t, E, dt, e, 2);
  }
  EXPECT_LT(count, 200);
  EXPECT_GE(E, tolerance / 3);
}

TEST(ErrorBudget, NeverStopsWhenNothingDecays) {
  const double tolerance = 1e-6;
  const ErrorBudget budget(tolerance, 0, 1);
  double t = 0, dt = 1e-3, E = 0;
  int count = 0;
  for (; t < 1 && count < 100000; ++count) {
    dt = std::min(dt, 1 - t);
    StepError e{.before = E, .carried = E, .own = dt * dt * dt, .after = E + dt * dt * dt};
    if (budget.affords(dt, e)) {
      t += dt;
      E = e.after;
      dt = budget.next(t, E, dt, e, 2);
    } else {
      dt = budget.shorter(t, dt, e, 2);
    }
  }
  EXPECT_LT(count, 3000);  // 707 steps of dt^2 = tolerance / 2
  EXPECT_LE(E, 2 * tolerance);
}

TEST(Extrapolation, IsExactForQuadraticsAndUnequalSteps) {
  Extrapolation history{Comm()};
  const auto state = [](double t) { return std::vector<double>{1 + t, 2 - t * t, 3.0, t * t + t}; };
  std::vector<double> guess(4);
  history.push(0.0, state(0.0));
  history.guess(0, 0.3, guess);
  EXPECT_EQ(guess, state(0.0));
  history.push(0.3, state(0.3));
  history.push(0.5, state(0.5));
  history.learn(0, 0.8, state(0.8));
  history.push(0.8, state(0.8));
  history.guess(0, 1.0, guess);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(guess[i], state(1.0)[i], 1e-13);
  history.guess(1, 1.0, guess);  // a slot that has learnt nothing repeats the last state
  EXPECT_EQ(guess, state(0.8));
  history.reset();
  EXPECT_TRUE(history.empty());
}

TEST(Extrapolation, PrefersTheLastStateWhereTrendsMislead) {
  Extrapolation history{Comm()};
  for (int k = 0; k < 4; ++k) {
    const std::vector<double> now{k % 2 ? 1.0 : -1.0};
    history.learn(0, k, now);
    history.push(k, now);
  }
  std::vector<double> guess(1);
  history.guess(0, 4, guess);
  EXPECT_EQ(guess[0], 1.0);
}

TEST(Extrapolation, WithAMemoryIsNotMisledByNoise) {
  // of independent numbers of variance 1 the polynomial of degree 0 foretells the next with an error of
  // variance 2, those of degree 1, 2, 3 with 6, 20, 70
  const auto mean_square = [](double memory) {
    Extrapolation history{Comm(), {.memory = memory}};
    std::mt19937 random(5);
    std::normal_distribution<double> noise;
    std::vector<double> guess(1);
    double sum = 0;
    constexpr int steps = 2000;
    for (int k = 0; k < steps; ++k) {
      const std::vector<double> now{noise(random)};
      if (k > 0) history.guess(0, k, guess);
      sum += (guess[0] - now[0]) * (guess[0] - now[0]);
      history.learn(0, k, now);
      history.push(k, now);
    }
    return sum / steps;
  };
  EXPECT_GT(mean_square(0), 6);
  EXPECT_LT(mean_square(0.8), 4);
}

TEST(Extrapolation, ReturnsEqualStatesBitForBit) {
  Extrapolation history{Comm()};
  const std::vector<double> rest{0.1, 1e-300, 1.0 / 3};
  for (int k = 0; k < 5; ++k) {
    history.learn(0, 0.1 * k, rest);
    history.push(0.1 * k, rest);
  }
  std::vector<double> guess(3);
  history.guess(0, 0.5, guess);
  EXPECT_EQ(guess, rest);
}

}  // namespace
}  // namespace otto
