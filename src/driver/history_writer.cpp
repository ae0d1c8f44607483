#include "otto/driver/history_writer.h"

#include "../io/csv_rows.h"
#include "otto/core/error.h"

namespace otto {

namespace fs = std::filesystem;

HistoryWriter::~HistoryWriter() {
  try {
    if (!trouble_) file_.flush();
  } catch (const std::exception&) {
    // What made the command fail is told elsewhere.
  }
}

void HistoryWriter::open(const fs::path& file) {
  file_.open(file);
  file_.append(header_);
  flush();
}

std::string HistoryWriter::resume(const fs::path& file, const fs::path& from, long last) {
  std::error_code code;
  if (from != file && fs::exists(from, code)) {
    fs::copy_file(from, file, fs::copy_options::overwrite_existing, code);
    if (code)
      throw IoError(file.string() + ": cannot copy " + from.string() + ": " + code.message());
  }
  const RowExtent e = row_extent(file, header_, last, rows_, first_);
  if (!e.same_columns) {
    const bool exists = fs::exists(file, code);
    if (exists) fs::rename(file, file.parent_path() / "history.before.csv", code);
    open(file);
    return fmt::format(
        "{}: {}; it begins at {} {}", file.string(),
        exists ? "had other columns, or a damaged first line, and is kept as history.before.csv"
               : "the earlier rows are not there",
        rows_.substr(0, rows_.size() - 1), last + 1);
  }
  file_.open_at(file, e.length);
  if (e.last == last && e.why_missing.empty()) return "";
  return fmt::format("{}: {}", file.string(),
                     e.why_missing.empty()
                         ? fmt::format("{} {} to {} are missing", rows_, e.last + 1, last)
                         : e.why_missing);
}

void HistoryWriter::add(const std::string& row) noexcept {
  if (trouble_) return;
  try {
    file_.append(row);
    file_.append("\n");
    if (std::chrono::steady_clock::now() - flushed_ >= interval_) flush();
  } catch (const std::exception& e) {
    trouble_ = e.what();
  }
}

void HistoryWriter::flush(bool durable) {
  if (trouble_) throw IoError(*trouble_);
  file_.flush(durable);
  flushed_ = std::chrono::steady_clock::now();
}

void HistoryWriter::finish() {
  flush();
  file_.confirm();
}

}  // namespace otto
