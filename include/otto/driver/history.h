#pragma once
// history.csv: one row per accepted step, row 0 for the initial state.

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "otto/driver/simulation.h"
#include "otto/io/files.h"

namespace otto {

/// Rows are buffered and handed to the operating system once a second: a row costs about a
/// microsecond. Numbers are the shortest that read back to the same double. Used on one rank.
class History {
 public:
  /// Creates or empties the file and writes the header; `extra` names the optional columns. Throws
  /// IoError naming the file.
  void open(const std::filesystem::path& file, std::span<const std::string> extra);
  /// Goes on after the row of `step`: what follows it in the file is cut off. `from` is the file to
  /// take the earlier rows from where it is not `file` itself. Returns a warning where rows are
  /// missing, else "". Throws IoError.
  std::string resume(const std::filesystem::path& file, const std::filesystem::path& from,
                     std::span<const std::string> extra, long step);
  /// `extra` has one value per optional column; nan becomes an empty field. Throws IoError.
  void add(const StepRecord& record, std::span<const double> extra);
  /// `durable` waits for the disk. Throws IoError.
  void flush(bool durable = false);

 private:
  GrowingFile file_;
  std::chrono::steady_clock::time_point flushed_;
};

}  // namespace otto
