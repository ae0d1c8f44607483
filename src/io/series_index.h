#pragma once
// The small file that lists the times of a series, rewritten as the series grows.

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "otto/core/comm.h"
#include "otto/io/files.h"

namespace otto {

class SeriesIndex {
 public:
  SeriesIndex(const Comm& comm, std::filesystem::path file) : comm_(comm), file_(std::move(file)) {}
  ~SeriesIndex() {
    try {
      if (comm_.is_root() && stale_) replace_file(file_, text_);
    } catch (const std::exception&) {
      // A destructor cannot report it; the earlier index is still whole.
    }
  }
  SeriesIndex(const SeriesIndex&) = delete;
  SeriesIndex& operator=(const SeriesIndex&) = delete;

  /// The index reads `text` from now on. On disk at once if the last writing is half a second ago.
  /// Collective; throws IoError.
  void set(std::string text) {
    text_ = std::move(text);
    stale_ = true;
    comm_.together([&] {
      if (std::chrono::steady_clock::now() - written_ > std::chrono::milliseconds(500)) write();
    });
  }
  /// Collective; throws IoError.
  void finish() {
    comm_.together([&] { write(); });
  }

 private:
  void write() {
    if (comm_.is_root() && stale_) replace_file(file_, text_);
    stale_ = false;
    written_ = std::chrono::steady_clock::now();
  }

  Comm comm_;
  std::filesystem::path file_;
  std::string text_;
  bool stale_ = false;
  std::chrono::steady_clock::time_point written_;
};

}  // namespace otto
