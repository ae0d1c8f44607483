#pragma once
// The folder a command fills: its log, its summary, its signals and wall time, and what becomes of
// the results of an earlier run in it.
//
// A folder without results is opened at once, and bad input before the first step leaves it as it was. One that holds results is left as it is, bit for bit,
// until open() is called, after the first step: a run that fails before that has changed nothing.
// What is said until then goes to the screen, and to log.txt when it opens. Opening
//
//   - goes on with what is there where the run is resumed;
//   - replaces an earlier run of the same case: its fields, history, log, summary and pictures go,
//     its checkpoints are set aside, its final.h5 stays until the new one is whole;
//   - moves the results of another case to before-1, before-2, ... in the folder.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/core/comm.h"
#include "otto/core/error.h"
#include "otto/driver/resume.h"
#include "otto/driver/stop_guard.h"
#include "otto/driver/summary.h"
#include "otto/io/log.h"

namespace otto {

class FolderLock;

using SteadyClock = std::chrono::steady_clock;
inline double seconds_since(SteadyClock::time_point t) {
  return std::chrono::duration<double>(SteadyClock::now() - t).count();
}

double peak_memory_mb();  ///< of this rank
double seconds_since_program_start();
/// A host program begins a command: times count from now on.
void restart_program_clock();

class RunFolder {
 public:
  /// Of a command with a case; answers signals and run.wall_minutes from now on. Collective; throws
  /// IoError naming the folder or file.
  RunFolder(const Comm& comm, std::filesystem::path folder, const Case& c,
            Resumption resumption = {}, bool quiet = false);
  /// Of a command without a case: `subject` says what it is about.
  RunFolder(const Comm& comm, std::filesystem::path folder, std::string subject);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// Makes room and opens the files, unless that was done. Collective; throws IoError, also where another command has the folder open.
  void open();
  [[nodiscard]] bool is_open() const { return open_; }

  [[nodiscard]] const Comm& comm() const { return comm_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const Resumption& resumption() const { return resumption_; }
  [[nodiscard]] const Provenance& provenance() const { return summary_.provenance; }
  [[nodiscard]] Log& log() { return log_; }
  [[nodiscard]] StopGuard& guard() { return guard_; }
  [[nodiscard]] const StopGuard& guard() const { return guard_; }
  [[nodiscard]] Summary& summary() { return summary_; }

  /// "Otto VERSION (REVISION) on N ranks: SUBJECT", `what`, and what a resumption has to say.
  void introduce(const std::string& what);
  /// A sentence for the log, for `warnings` in the summary, and once more for the end.
  void warn(const std::string& sentence);
  /// One that is known at the end only.
  void warn_at_end(const std::string& sentence);
  /// Those that core/caution.h has collected since the last call. Same on every rank.
  void take_cautions();

  /// Writes summary.json with `extra` merged into it, after `farewell` (root only) said how it
  /// went and the warnings were repeated. Collective; throws IoError, also where the folder is no longer the one that
  /// was opened: runs below it make it anew, and their results would lie apart from earlier ones.
  void conclude(const nlohmann::ordered_json& extra, const std::function<void()>& farewell);
  /// The same of a command that goes on: earlier results stay where they are kept. Collective; throws IoError.
  void conclude_so_far(const nlohmann::ordered_json& extra, const std::function<void()>& words);
  /// Bad input before the first step: a folder that held no results is again as it was, and what was made of the way to it is removed.
  /// True where that was the case. As fail().
  bool withdraw(const std::exception& error) noexcept;
  /// Leaves a summary.json with status "failed" and the reason, unless the folder was not opened. The results of a
  /// completed run before stay: in their places where a file of the start could not be written, else in a folder before-1.
  /// Every rank may call it, alone or together; never throws.
  void fail(const std::exception& error, const nlohmann::ordered_json& extra) noexcept;

 private:
  void prepare();
  void make_room();
  void confirm() const;
  bool keep_earlier(const std::exception& error);
  void write_summary(const nlohmann::ordered_json& extra);
  void tell(const nlohmann::ordered_json& extra, const std::function<void()>& words, bool last);

  Comm comm_;
  std::filesystem::path path_;
  Resumption resumption_;
  std::string resolved_;  ///< content of case.resolved.toml; "" without a case
  Log log_;
  StopGuard guard_;
  Summary summary_;
  std::string kept_;                ///< folder with the results of the run before; "": none; root
  bool checkpoints_aside_ = false;  ///< in checkpoints.before; root
  bool open_ = false;
  std::unique_ptr<FolderLock> lock_;  ///< root's, once it is open
  std::pair<std::uintmax_t, std::uintmax_t>
      identity_;  ///< device and file number of the folder; root
  /// What the way to the folder lacked, the innermost first, where it held no results; root.
  std::vector<std::filesystem::path> made_;
  bool fresh_ = false;  ///< it held no results; root
};

}  // namespace otto
