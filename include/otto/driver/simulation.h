#pragma once
// The loop: from the initial density to the end, with monitors watching and writers recording.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "otto/driver/time_options.h"
#include "otto/operators/ledger.h"
#include "otto/time/step_control.h"
#include "otto/time/stepper.h"

namespace otto {

/// What a monitor is told after every accepted step (and once, with step 0, before the first).
struct StepRecord {
  long step = 0;                  ///< number of the step, from 1
  double time = 0;                ///< after it
  double dt = 0;                  ///< its length
  Ledger ledger;                  ///< of the new state
  double edi_gap = 0;             ///< F(n+1) - F(n) + dt * dissipation
  int newton_iterations = 0;      ///< of the step
  int linear_iterations = 0;      ///< of the step
  int max_linear_iterations = 0;  ///< of one solve
  long rejected = 0;              ///< so far
  int refused = 0;                ///< attempts before this step
  int fallback = 0;               ///< what it did in place of what was asked (time/stepper.h)
  InnerWork inner;                ///< of a step divided into inner steps
  double optimality = -1;         ///< StepReport::optimality
  std::vector<double> exchanged;  ///< StepReport::exchanged
  double error_estimate = -1;     ///< StepReport::error_estimate
  double wall_seconds = 0;        ///< since the start of the loop
  bool output_due = false;        ///< an output time has been reached
  bool last = false;              ///< the end has

  /// All of it.
  void remember(Archive& archive);
};

/// What the loop itself goes on from. A new run starts with a new one; a resumed run with one that
/// an archive has filled, and does not tell monitors of the state it starts from again.
struct LoopState {
  bool begun = false;  ///< monitors have been told of the state it starts from
  /// The stepper has not made the state: the loop tells it before the next step (Stepper::restart).
  /// Whoever replaces the state sets it; whoever restores a stepper's memory as well clears it.
  bool restart = true;
  StepRecord record;                   ///< of the last accepted step
  std::optional<StepControl> control;  ///< made by the loop

  /// When loading, `control` must exist.
  void remember(Archive& archive);
};

/// Watches or records. Throws to fail; returns false to stop resumably after this step. All
/// members are collective.
class Monitor {
 public:
  virtual ~Monitor() = default;
  /// After every accepted step, and once before the first.
  virtual bool after_step(const State& state, const StepRecord& record) = 0;
  /// After the last step of this run, at the end or where it was stopped.
  virtual void finish(const State& state, const StepRecord& last) {
    (void)state;
    (void)last;
  }
};

/// What came of the loop.
struct RunOutcome {
  bool stopped = false;  ///< a monitor asked to stop before the end
  StepRecord last;       ///< of the last accepted step
  long steps = 0;        ///< accepted, since time.start
  long rejected = 0;     ///< refused attempts
};

/// The loop, one accepted step at a time. Keeps references to all it is given. Steps end exactly at output
/// times. Throws InputError as `make_control` does, NumericalError where no step is accepted. All members are
/// collective.
class TimeLoop {
 public:
  TimeLoop(const TimeOptions& times, const Problem& problem, Stepper& stepper, State& state,
           LoopState& loop, std::vector<std::unique_ptr<Monitor>>& monitors);  ///< new or resumed
  ~TimeLoop();
  TimeLoop(const TimeLoop&) = delete;
  TimeLoop& operator=(const TimeLoop&) = delete;

  /// Tells the monitors of the start, where the run has not begun. False where one asks to stop.
  bool start();
  [[nodiscard]] bool over() const;  ///< the end has been reached
  /// An accepted step. False where a monitor asks to stop.
  bool step();
  /// Somebody has replaced the density (owned values) since the last step.
  void replaced();
  /// Tells the monitors of the end of this run.
  RunOutcome finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Runs from `state.time` to the end. Steps end exactly at output times. Throws InputError as
/// `make_control` does. Collective.
RunOutcome simulate(const TimeOptions& times, const Problem& problem, Stepper& stepper,
                    State& state, LoopState& loop, std::vector<std::unique_ptr<Monitor>>& monitors);
/// The same for a new run.
RunOutcome simulate(const TimeOptions& times, const Problem& problem, Stepper& stepper,
                    State& state, std::vector<std::unique_ptr<Monitor>>& monitors);

}  // namespace otto
