#include "output_folder.h"

#include <sys/resource.h>

#include <chrono>

#include "otto/io/checkpoint.h"
#include "otto/io/field_series.h"

namespace otto {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
const auto program_start = Clock::now();  // static objects are made before main

}  // namespace

double seconds_since_program_start() {
  return std::chrono::duration<double>(Clock::now() - program_start).count();
}

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void limit_wall_time(const Case& c, StopGuard& guard) {
  const Section run = c.section("run");
  if (run.has("wall_minutes")) {
    guard.limit_wall_time(program_start, 60 * run.real("wall_minutes"));
  }
}

void make_room(const Comm& comm, const fs::path& folder, const Resumption& resumption, Log& log) {
  bool set_aside = false;
  comm.together([&] {
    if (!comm.is_root()) return;
    // With --resume auto damaged checkpoints may be there; they stay until new ones are good.
    if (!resumption.asked) set_aside = set_checkpoints_aside(folder);
    if (!resumption.checkpoint) return remove_earlier(folder);
    remove_parts(folder);
    std::error_code none;
    fs::remove(folder / "summary.json", none);
  });
  if (set_aside) {
    log.warn(
        "the checkpoints of the last run in this folder are kept in checkpoints.before; "
        "--resume auto would have gone on from them");
  }
  for (const auto& words : resumption.warnings) log.warn(words);
  for (const auto& words : resumption.words) log.say(words);
}

void remove_parts(const fs::path& folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".part") fs::remove(entry.path(), none);
  }
}

void remove_earlier(const fs::path& folder) {
  std::error_code none;
  remove_parts(folder);
  fs::remove(folder / "summary.json", none);
  remove_series(folder / "fields", 0);
}

bool set_checkpoints_aside(const fs::path& folder) {
  std::error_code none;
  const fs::path checkpoints = folder / "checkpoints", before = folder / "checkpoints.before";
  if (checkpoint_names(checkpoints).empty()) return false;
  fs::remove_all(before, none);
  fs::rename(checkpoints, before, none);
  return true;
}

}  // namespace otto
