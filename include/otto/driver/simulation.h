#pragma once
// The loop: from the initial density to the end, with monitors watching and writers recording.

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "otto/operators/ledger.h"
#include "otto/time/step_control.h"
#include "otto/time/stepper.h"

namespace otto {

/// What a monitor is told after every accepted step (and once, with step 0, before the first).
struct StepRecord {
  long step = 0;
  double time = 0, dt = 0;
  Ledger ledger;
  double edi_gap = 0;  ///< F(n+1) - F(n) + dt * dissipation
  int newton_iterations = 0, linear_iterations = 0, max_linear_iterations = 0;
  long rejected = 0;  ///< so far
  InnerWork inner;    ///< of a step divided into inner steps
  double error_estimate = -1;
  double wall_seconds = 0;  ///< since the start of the loop
  bool output_due = false;  ///< an output time has been reached
  bool last = false;

  void remember(Archive& archive);
};

/// What the loop itself goes on from. A new run starts with a new one; a resumed run with one that
/// an archive has filled, and does not tell monitors of the state it starts from again.
struct LoopState {
  bool begun = false;
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
  virtual bool after_step(const State& state, const StepRecord& record) = 0;
  virtual void finish(const State& state, const StepRecord& last) {
    (void)state;
    (void)last;
  }
};

struct RunOutcome {
  bool stopped = false;  ///< a monitor asked to stop before the end
  StepRecord last;
  long steps = 0, rejected = 0;
};

/// Throws what `simulate` would before its first step: the InputErrors of [time] and [output].
void check_times(const Problem& problem, Stepper& stepper);

/// The step control of [time] at the start of a run. Throws like `check_times`.
StepControl make_control(const Problem& problem, Stepper& stepper);

/// Runs [time] from `state.time` to its end. Steps end exactly at output times. Collective.
RunOutcome simulate(const Problem& problem, Stepper& stepper, State& state, LoopState& loop,
                    std::vector<std::unique_ptr<Monitor>>& monitors);
/// The same for a new run.
RunOutcome simulate(const Problem& problem, Stepper& stepper, State& state,
                    std::vector<std::unique_ptr<Monitor>>& monitors);

}  // namespace otto
