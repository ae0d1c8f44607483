#pragma once
// Messages of a run, on the screen and in log.txt; written by the root rank.

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "otto/core/comm.h"
#include "otto/io/files.h"

namespace otto {

/// A host program shows lines itself: from now on `show(line, warning)` is called in place of writing to the
/// standard streams.
void set_screen(std::function<void(const std::string& line, bool warning)> show);

class Log {
 public:
  /// `quiet`: nothing on the screen but warnings; log.txt is the same.
  explicit Log(const Comm& comm, bool quiet = false);
  ~Log();

  /// Starts log.txt, or goes on with one that is there. What was said before is written to it as
  /// well. Root only; throws IoError.
  void open(const std::filesystem::path& file, bool go_on = false);
  void say(const std::string& line);
  /// A line starting with "warning:", on the standard error stream.
  void warn(const std::string& line);
  /// To log.txt only: what somebody else shows on the screen.
  void note(const std::string& line);
  /// Replaces the live line at the bottom of a terminal. Elsewhere, and in log.txt, it becomes an
  /// ordinary line if the last one is more than five seconds ago. Costs nothing when called often.
  void live(const std::string& line);
  /// True where live() would show or write something now.
  [[nodiscard]] bool live_due() const;
  /// Writes log.txt through. Never throws; see trouble().
  void flush() noexcept;
  /// Why log.txt could not be written, if so.
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  using Clock = std::chrono::steady_clock;
  void clear_live();

  bool speaks_, quiet_, terminal_;
  bool live_shown_ = false;
  Clock::time_point live_time_, line_time_;
  GrowingFile file_;
  std::optional<std::string> trouble_;
};

}  // namespace otto
