#pragma once
// The checkpoints of one run or training: their folder, their schedule, and what the log says.

#include <functional>
#include <optional>

#include "otto/driver/checkpoint_schedule.h"
#include "otto/driver/run_folder.h"
#include "otto/io/checkpoint.h"

namespace otto {

class CheckpointWriter {
 public:
  /// Restores what `remember` names where the run is resumed. `settle` brings to the disk what a
  /// checkpoint takes for written; both are called collectively. Keeps references. Collective;
  /// throws what Checkpoint::load does.
  CheckpointWriter(const Mesh& mesh, const Section& table, RunFolder& folder, Remember remember,
                   std::function<void()> settle, double default_minutes);

  /// Once the folder is open: its checkpoints are looked through and the clock starts. Collective.
  void open();
  [[nodiscard]] bool due(long step) const;
  /// Writes one where the step asks for it: `wanted`, or `last` and one belongs to the end.
  /// Returns the seconds it took. Collective; throws IoError.
  double write(double time, long step, bool wanted, bool last);

 private:
  const Mesh& mesh_;
  RunFolder& folder_;
  CheckpointSchedule schedule_;
  std::int64_t keep_;
  Remember remember_;
  std::function<void()> settle_;
  std::optional<CheckpointFolder> files_;
};

}  // namespace otto
