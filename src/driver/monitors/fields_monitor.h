#pragma once
#include "../run_record.h"
#include "otto/driver/output_fields.h"
#include "otto/io/field_series.h"

namespace otto {

/// Writes the series of fields: at output times, at the end, and where the run stops.
class FieldsMonitor final : public Monitor {
 public:
  explicit FieldsMonitor(const Watched& watched);
  /// Begins or continues the series; `start` is the state the run starts from. Collective; throws
  /// IoError.
  void open(const State& start);
  bool after_step(const State& state, const StepRecord& record) override;
  void finish(const State& state, const StepRecord& last) override;
  /// Brings the index of the series up to date. Collective; throws IoError.
  void settle();
  void remember(Archive& archive);

 private:
  void fit_series_to_resumption();
  void write(const State& state, double time);

  Watched watched_;
  const Mesh& mesh_;
  std::string format_;
  std::filesystem::path path_;
  std::optional<OutputFields> fields_;
  std::vector<double> times_;                ///< of the series, outputs only
  double mesh_number_ = 0, mesh_ranks_ = 0;  ///< of the file with the series' mesh
  std::unique_ptr<FieldSeries> series_;      ///< null: [output] wants none
};

}  // namespace otto
