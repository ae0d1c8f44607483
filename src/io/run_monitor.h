#pragma once
// The one monitor of a run: keeps the totals, writes history and fields, shows progress, and
// decides with all ranks whether to go on.

#include <chrono>
#include <optional>

#include "otto/io/field_series.h"
#include "otto/io/history.h"
#include "otto/io/output_fields.h"
#include "otto/monitor/gibbs_distance.h"
#include "otto/monitor/progress.h"
#include "otto/monitor/stop_guard.h"
#include "otto/monitor/totals.h"

namespace otto {

using SteadyClock = std::chrono::steady_clock;
inline double seconds_since(SteadyClock::time_point t) {
  return std::chrono::duration<double>(SteadyClock::now() - t).count();
}

/// What the monitor leaves for the end of the run; outlives it.
struct RunRecord {
  std::optional<RunTotals> totals;
  std::optional<double> gibbs_distance;
  std::optional<SteadyClock::time_point> loop_start;
  double output_seconds = 0;  ///< inside the loop
  StopGuard::Reason stop = StopGuard::none;
};

class RunMonitor : public Monitor {
 public:
  /// Collective; throws IoError. `folder` exists. Keeps references to all but `folder`.
  RunMonitor(const Problem& problem, const Stepper& stepper, const std::filesystem::path& folder,
             const Provenance& provenance, Log& log, StopGuard& guard, RunRecord& record);
  bool after_step(const State& state, const StepRecord& record) override;
  void finish(const State& state, const StepRecord& last) override;

 private:
  void open_history(const std::filesystem::path& folder, const Stepper& stepper);
  void open_series(const std::filesystem::path& folder, const Provenance& provenance);
  void add_row(const State& state, const StepRecord& record);
  /// The reason to stop, the same on every rank; throws what troubled the root's text files.
  StopGuard::Reason agree();
  void write_fields(const State& state, double time);

  const Problem& problem_;
  Log& log_;
  StopGuard& guard_;
  RunRecord& record_;
  History history_;
  Progress progress_;
  std::optional<GibbsDistance> gibbs_;
  bool estimates_;
  bool divided_;  // steps are divided into inner steps
  std::optional<OutputFields> fields_;
  std::unique_ptr<FieldSeries> series_;
  std::optional<std::string> trouble_;  ///< of the history, on the root
  std::optional<SteadyClock::time_point> told_;
};

}  // namespace otto
