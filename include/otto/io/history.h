#pragma once
// history.csv: one row per accepted step, row 0 for the initial state.

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "otto/io/files.h"
#include "otto/time/simulation.h"

namespace otto {

/// Rows are buffered and handed to the operating system once a second: a row costs about a
/// microsecond. Numbers are the shortest that read back to the same double. Used on one rank.
class History {
 public:
  /// Creates or empties the file and writes the header; `extra` names the optional columns. Throws
  /// IoError naming the file.
  void open(const std::filesystem::path& file, std::span<const std::string> extra);
  /// `extra` has one value per optional column; nan becomes an empty field. Throws IoError.
  void add(const StepRecord& record, std::span<const double> extra);
  void flush();  ///< throws IoError

 private:
  GrowingFile file_;
  std::chrono::steady_clock::time_point flushed_;
};

}  // namespace otto
