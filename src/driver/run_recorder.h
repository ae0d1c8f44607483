#pragma once
// The monitors of a run in their order, and the moment its folder opens: before the first step
// where the folder was empty, else after it (run_folder.h). What the monitors would have been told
// of the start is told then.

#include "checkpoint_writer.h"
#include "monitors/fields_monitor.h"
#include "monitors/history_monitor.h"
#include "monitors/totals_monitor.h"
#include "otto/driver/progress.h"

namespace otto {

class RunRecorder final : public Monitor {
 public:
  /// Restores the run where it is resumed. Collective; throws IoError, and InputError where the
  /// checkpoint does not fit.
  explicit RunRecorder(const Watched& watched);
  bool after_step(const State& state, const StepRecord& record) override;
  void finish(const State& state, const StepRecord& last) override;

 private:
  /// The state a run starts from, and its record where the monitors are told of it.
  struct Start {
    State state;
    std::optional<StepRecord> record;
  };

  /// Everything a resumed run needs, for both directions.
  void remember(Archive& archive);
  void open(const State& start);
  /// Opens what had to wait, as if `start_` were the present. Collective.
  void open_late(double now);

  Watched watched_;
  TotalsMonitor totals_;
  HistoryMonitor history_;
  FieldsMonitor fields_;
  Progress progress_;
  CheckpointWriter checkpoints_;
  std::optional<Start> start_;  ///< while the folder waits
  std::optional<SteadyClock::time_point> told_;
};

}  // namespace otto
