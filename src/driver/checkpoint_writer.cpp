#include "checkpoint_writer.h"

#include <fmt/format.h>

namespace otto {

CheckpointWriter::CheckpointWriter(const Mesh& mesh, const Section& table, RunFolder& folder,
                                   Remember remember, std::function<void()> settle,
                                   double default_minutes)
    : mesh_(mesh),
      folder_(folder),
      schedule_(table, default_minutes),
      keep_(table.integer("keep")),
      remember_(std::move(remember)),
      settle_(std::move(settle)) {
  if (const auto& from = folder.resumption().checkpoint) from->load(mesh, remember_);
}

void CheckpointWriter::open() {
  const auto& from = folder_.resumption().checkpoint;
  files_.emplace(mesh_, folder_.path() / "checkpoints", keep_, folder_.provenance(),
                 folder_.resumption().critical, from);
  schedule_.start(from ? from->step() : -1);
}

bool CheckpointWriter::due(long step) const {
  return schedule_.due(step, mesh_.comm.is_root(), folder_.guard().limits_wall_time());
}

double CheckpointWriter::write(double time, long step, bool wanted, bool last) {
  if (!wanted && !(last && schedule_.at_end())) return 0;
  if (schedule_.holds(step)) return 0;
  const auto began = SteadyClock::now();
  settle_();
  const std::string name = files_->write(time, step, remember_);
  schedule_.wrote(step);
  const double seconds = seconds_since(began);
  folder_.guard().checkpoint_took(seconds);
  folder_.log().note(
      fmt::format("checkpoint {} at step {}, t = {:.9g}, in {:.2f} s", name, step, time, seconds));
  return seconds;
}

}  // namespace otto
