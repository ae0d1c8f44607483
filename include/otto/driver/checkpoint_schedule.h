#pragma once
// When a run or a training writes a checkpoint: every so many steps, every so many minutes, once
// after the first step where a wall time is set (to measure what one costs), where it stops, and at
// its end where it wrote or read one before or the case has a [checkpoint] table.

#include <chrono>
#include <cstdint>

#include "otto/casefile/section.h"

namespace otto {

class CheckpointSchedule {
 public:
  /// `default_minutes` between checkpoints where the table gives neither steps nor minutes.
  CheckpointSchedule(const Section& table, double default_minutes);

  /// The clock starts. `resumed_from`: the step of the checkpoint the run goes on from, else -1.
  void start(long resumed_from);
  /// One was written.
  void wrote(long step);

  /// Whether steps or minutes ask for one after `step`. `clock`: look at the minutes too (one rank
  /// does); `measure`: a wall time is set.
  [[nodiscard]] bool due(long step, bool clock, bool measure) const;
  /// Whether the end asks for one.
  [[nodiscard]] bool at_end() const { return wrote_ || newest_ >= 0 || table_; }
  /// The newest checkpoint is of this step.
  [[nodiscard]] bool holds(long step) const { return newest_ == step; }

 private:
  using Clock = std::chrono::steady_clock;
  bool table_;
  std::int64_t every_steps_ = 0;  ///< 0: never
  double every_seconds_ = 0;      ///< 0: never
  Clock::time_point last_ = Clock::now();
  long newest_ = -1;  ///< step of the newest checkpoint
  bool wrote_ = false;
};

}  // namespace otto
