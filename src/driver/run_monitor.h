#pragma once
// The one monitor of a run: keeps the totals, writes history, fields and checkpoints, shows
// progress, and decides with all ranks whether to go on.

#include <chrono>
#include <optional>

#include "otto/driver/gibbs_distance.h"
#include "otto/driver/history.h"
#include "otto/driver/output_fields.h"
#include "otto/driver/progress.h"
#include "otto/driver/run_output.h"
#include "otto/driver/stop_guard.h"
#include "otto/driver/totals.h"
#include "otto/io/checkpoint.h"
#include "otto/io/field_series.h"

namespace otto {

using SteadyClock = std::chrono::steady_clock;
inline double seconds_since(SteadyClock::time_point t) {
  return std::chrono::duration<double>(SteadyClock::now() - t).count();
}

/// What the monitor leaves for the end of the run; outlives it.
struct RunRecord {
  std::optional<RunTotals> totals;
  std::optional<double> gibbs_distance;
  SteadyClock::time_point loop_start;
  double output_seconds = 0;  ///< inside the loop
  StopGuard::Reason stop = StopGuard::none;
};

class RunMonitor : public Monitor {
 public:
  struct Surroundings {
    const std::filesystem::path& folder;  ///< exists
    const Provenance& provenance;
    const Resumption& resumption;
    Log& log;
    StopGuard& guard;
    RunRecord& record;
  };
  /// Restores the run where it is resumed, and opens or continues its files. Collective; throws
  /// IoError, and InputError where the checkpoint does not fit. Keeps references.
  RunMonitor(const RunParts& run, const Surroundings& around);
  bool after_step(const State& state, const StepRecord& record) override;
  void finish(const State& state, const StepRecord& last) override;

 private:
  enum Wish { troubled = 4, checkpoint_due = 8 };  ///< beside StopGuard's reasons

  /// Everything a resumed run needs, for both directions.
  void remember(Archive& archive);
  void open_history();
  void open_series();
  void add_row(const State& state, const StepRecord& record);
  /// What any rank wishes: reasons to stop, a checkpoint. Throws what troubled the root's text
  /// files.
  int agree(long step);
  [[nodiscard]] bool checkpoint_wished(long step) const;
  void write_fields(const State& state, double time);
  void write_checkpoint(const StepRecord& record);

  RunParts run_;
  const Comm& comm_;
  Surroundings around_;
  RunRecord& record_;
  History history_;
  Progress progress_;
  std::optional<GibbsDistance> gibbs_;
  bool estimates_;
  bool moments_;
  bool divided_;  // steps are divided into inner steps
  std::optional<OutputFields> fields_;
  std::vector<double> times_;                ///< of the series, outputs only
  double mesh_number_ = 0, mesh_ranks_ = 0;  ///< of the file with the series' mesh
  std::unique_ptr<FieldSeries> series_;
  std::optional<CheckpointFolder> checkpoints_;
  std::int64_t every_steps_ = 0;  ///< 0: never
  double every_seconds_ = 0;      ///< 0: never
  SteadyClock::time_point checkpoint_time_;
  long checkpoint_step_ = -1;           ///< of the newest checkpoint
  std::optional<std::string> trouble_;  ///< of the history, on the root
  std::optional<SteadyClock::time_point> told_;
};

}  // namespace otto
