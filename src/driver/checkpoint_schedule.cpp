#include "otto/driver/checkpoint_schedule.h"

#include "otto/casefile/key.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "checkpoint",
      .doc =
          "When a run writes checkpoints to go on from (--resume auto). A run that is stopped by a "
          "signal or by run.wall_minutes always leaves one."}},
    {{.path = "checkpoint.every_steps",
      .type = Type::integer,
      .doc = "Steps between checkpoints.",
      .range = {.min = 1}},
     {.path = "checkpoint.every_minutes",
      .doc = "Minutes between checkpoints; 30 where neither this nor `every_steps` is given.",
      .range = positive,
      .unit = "min"},
     {.path = "checkpoint.keep",
      .type = Type::integer,
      .doc = "Checkpoints kept; older ones go once a new one has been read back.",
      .fallback = "2",
      .range = {.min = 2}}}};

}  // namespace

CheckpointSchedule::CheckpointSchedule(const Section& table, double default_minutes)
    : table_(table.present()) {
  if (table.has("every_steps")) every_steps_ = table.integer("every_steps");
  if (table.has("every_minutes")) every_seconds_ = 60 * table.real("every_minutes");
  if (every_steps_ == 0 && every_seconds_ == 0) every_seconds_ = 60 * default_minutes;
}

void CheckpointSchedule::start(long resumed_from) {
  newest_ = resumed_from;
  last_ = Clock::now();
}

void CheckpointSchedule::wrote(long step) {
  newest_ = step;
  wrote_ = true;
  last_ = Clock::now();
}

bool CheckpointSchedule::due(long step, bool clock, bool measure) const {
  if (step == 0 || holds(step)) return false;
  if (every_steps_ > 0 && step % every_steps_ == 0) return true;
  if (!clock) return false;
  if (measure && !wrote_) return true;
  const std::chrono::duration<double> since = Clock::now() - last_;
  return every_seconds_ > 0 && since.count() >= every_seconds_;
}

}  // namespace otto
