#pragma once
// What a training by particles leaves in its folder: energy.pt, history.csv, summary.json, log.txt,
// case.resolved.toml and checkpoints, and when it is asked to stop.

#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "checkpoint_writer.h"
#include "otto/driver/history_writer.h"

namespace otto {

/// One row of history.csv; nan where there is nothing to tell.
struct ParticleRow {
  static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  long iteration = 0;
  double gap = nothing, gradient_norm = nothing, acceptance = nothing, step = nothing;
  double heldout = nothing;  ///< -E U - log Z over the held-out rows
  double log_z = nothing, kl = nothing;
  double effective = nothing, tracked_log_z = nothing;  ///< of weighted particles
  double seconds = 0;
};

class ParticleOutput {
 public:
  /// Collective; throws IoError naming the folder or file.
  ParticleOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
                 Resumption resumption);

  [[nodiscard]] Log& log() { return folder_.log(); }
  /// Restores what `remember` names where the run is resumed. `words`: about the training.
  void start(const std::string& words, const Remember& remember);
  /// Writes the row of an iteration, and that of the start before the first; a checkpoint where one
  /// is due. True: stop here. `last`: no more rows will come. Collective; throws IoError.
  bool add(const ParticleRow& row, std::int64_t of, bool last);
  /// Writes energy.pt and summary.json. Collective; throws IoError.
  ExitStatus finish(const std::function<std::string()>& bytes, const nlohmann::ordered_json& train);
  /// Leaves a summary.json with status "failed"; never throws.
  void fail(const std::exception& error) noexcept;

 private:
  void open();
  Mesh mesh_;  ///< without cells: checkpoints hold numbers only
  Case c_;
  RunFolder folder_;
  Columns<ParticleRow> columns_;
  HistoryWriter history_;
  std::optional<CheckpointWriter> checkpoints_;
  bool open_ = false;
  StopGuard::Reason stop_ = StopGuard::none;
  SteadyClock::time_point began_, told_;
};

}  // namespace otto
