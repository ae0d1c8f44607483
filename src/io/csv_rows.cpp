#include "csv_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace otto {

namespace {

/// As many fields as the header has, each a number or empty.
bool whole(std::string_view line, const std::string& head) {
  if (std::ranges::count(line, ',') != std::ranges::count(head, ',')) return false;
  while (!line.empty()) {
    const std::string_view field = line.substr(0, line.find(','));
    double value = 0;
    const auto read = std::from_chars(field.data(), field.data() + field.size(), value);
    if (!field.empty() && read.ptr != field.data() + field.size()) return false;
    line.remove_prefix(std::min(line.size(), field.size() + 1));
  }
  return true;
}

}  // namespace

RowExtent row_extent(const std::filesystem::path& file, const std::string& head, long max_row,
                     const std::string& what, long first) {
  RowExtent e;
  e.last = first - 1;
  std::ifstream in(file, std::ios::binary);
  std::string line;
  while (std::getline(in, line) && !in.eof()) {  // eof: a last line without its end
    const auto bytes = static_cast<long long>(line.size()) + 1;
    if (!e.same_columns) {
      if (line + "\n" != head) return e;
      e.same_columns = true;
      e.length = bytes;
      continue;
    }
    long row = -1;
    const auto read = std::from_chars(line.data(), line.data() + line.size(), row);
    if (read.ec != std::errc{} || row > max_row || row <= e.last || !whole(line, head)) break;
    if (row > e.last + 1 && e.why_missing.empty()) {
      e.why_missing = fmt::format("{} {} to {} are missing", what, e.last + 1, row - 1);
    }
    e.last = row;
    e.length += bytes;
  }
  return e;
}

}  // namespace otto
