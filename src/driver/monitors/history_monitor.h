#pragma once
#include "../history_columns.h"
#include "../run_record.h"

namespace otto {

/// Writes history.csv: one row per accepted step, row 0 for the initial state.
class HistoryMonitor final : public Monitor {
 public:
  HistoryMonitor(const Watched& watched, bool gibbs);
  /// Creates or continues the file. Collective; throws IoError.
  void open();
  bool after_step(const State& state, const StepRecord& record) override;
  void finish(const State& state, const StepRecord& last) override;
  /// Waits until the rows are on the disk. Collective; throws IoError.
  void settle();
  /// Why rows could not be written, on the root.
  [[nodiscard]] const std::optional<std::string>& trouble() const { return writer_.trouble(); }

 private:
  const Mesh& mesh_;
  RunFolder& folder_;
  const RunRecord& record_;
  bool moments_;
  Columns<HistoryRow> columns_;
  HistoryWriter writer_;
};

}  // namespace otto
