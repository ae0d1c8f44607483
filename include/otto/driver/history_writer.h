#pragma once
// history.csv: a table of rows numbered 0, 1, 2, ... that grows while a command goes on, and the
// list of its columns.

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "otto/io/files.h"

namespace otto {

/// A column: its name, and how it writes its field of a row (never a comma).
template <class Record>
struct Column {
  std::string name;
  std::function<void(const Record&, std::string& row)> write;
};
/// Those of a table; the first one is the row's number.
template <class Record>
using Columns = std::vector<Column<Record>>;

/// The shortest text that reads back to the same double; nothing for nan.
inline void append_real(std::string& row, double x) {
  if (!std::isnan(x)) fmt::format_to(std::back_inserter(row), "{}", x);
}

template <class Record>
std::string row_of(const Columns<Record>& columns, const Record& record) {
  std::string row;
  for (const auto& column : columns) {
    if (&column != &columns.front()) row += ',';
    column.write(record, row);
  }
  return row;
}

template <class Record>
std::string header_of(const Columns<Record>& columns) {
  std::string row;
  for (const auto& column : columns) {
    if (&column != &columns.front()) row += ',';
    row += column.name;
  }
  return row;
}

/// Used on one rank. Rows are buffered: one costs about a microsecond.
class HistoryWriter {
 public:
  /// `header`: the names of the columns; `rows`: what a row is, for messages. Rows are handed to
  /// the operating system when the last time was `interval` ago: 1 s, so that whoever looks on sees
  /// them while short steps do not wait for the file; 0 s where a row takes long anyway. `first`: the number of the
  /// first row.
  explicit HistoryWriter(std::string header, std::string rows = "steps",
                         std::chrono::milliseconds interval = std::chrono::seconds(1),
                         long first = 0)
      : header_(std::move(header) + "\n"),
        rows_(std::move(rows)),
        interval_(interval),
        first_(first) {}
  /// Of a command that fails as of one that ends: no row is lost.
  ~HistoryWriter();
  HistoryWriter(const HistoryWriter&) = delete;

  /// Creates or empties the file and writes the header. Throws IoError naming the file.
  void open(const std::filesystem::path& file);
  /// Goes on after the row numbered `last`: what follows it in the file is cut off. `from` is the
  /// file to take the earlier rows from where it is not `file` itself. Returns a warning where rows
  /// are missing, else "". A file with other columns is kept as history.before.csv. Throws IoError.
  std::string resume(const std::filesystem::path& file, const std::filesystem::path& from,
                     long last);
  /// Never throws: see trouble(); rows after a failure are dropped.
  void add(const std::string& row) noexcept;
  /// `durable` waits for the disk. Throws IoError.
  void flush(bool durable = false);
  /// The last row is written. Throws IoError, also where the file was moved or removed meanwhile.
  void finish();
  /// Why rows could not be written, if so.
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  std::string header_, rows_;
  std::chrono::milliseconds interval_;
  long first_;
  GrowingFile file_;
  std::chrono::steady_clock::time_point flushed_;
  std::optional<std::string> trouble_;
};

}  // namespace otto
