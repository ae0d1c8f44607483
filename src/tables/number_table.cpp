#include "otto/tables/number_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>
#include <string_view>

#include "otto/core/error.h"

namespace otto {

std::string NumberTable::place(std::size_t row) const {
  if (!lines.empty()) return fmt::format("{}:{}", file.string(), lines[row]);
  return fmt::format("{}: row {}", file.string(), row + 1);
}

NumberTable read_number_table(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) {
    throw InputError(file.string() + ": there is no such file");
  }
  std::array<char, 6> start{};
  std::ifstream(file, std::ios::binary).read(start.data(), start.size());
  const std::string_view begin(start.data(), start.size());
  if (begin == "\x93NUMPY" || begin.starts_with("PK\x03\x04")) return read_numpy_table(file);
  return read_text_table(file);
}

void check_order(const NumberTable& table, const std::string& values, int coordinates) {
  constexpr std::array<std::string_view, 3> axes{"x", "y", "z"};
  bool in_order = true;
  for (std::size_t a = 0; a < std::size_t(coordinates); ++a) {
    const auto found = std::ranges::find(table.names, axes[a]);
    if (found == table.names.end() || values == axes[a]) return;
    in_order = in_order && std::size_t(found - table.names.begin()) == a;
  }
  if (in_order) return;
  throw InputError(
      fmt::format("{}: its columns are {}, and coordinates are read from the first {} in the order "
                  "{}; put them "
                  "there, or give them other names",
                  table.file.string(), fmt::join(table.names, ", "), coordinates,
                  fmt::join(std::span(axes).first(std::size_t(coordinates)), ", ")));
}

std::size_t find_column(const NumberTable& table, const std::string& name, int coordinates) {
  const auto first = static_cast<std::size_t>(coordinates);
  const std::string file = table.file.string();
  if (table.columns <= first) {
    throw InputError(fmt::format("{}: has {} {}; {} of coordinates and one of values are needed",
                                 file, table.columns, table.columns == 1 ? "column" : "columns",
                                 first));
  }
  if (name.empty()) return first;
  const auto found = std::ranges::find(table.names, name);
  if (found != table.names.end()) return std::size_t(found - table.names.begin());
  throw InputError(
      table.names.empty()
          ? fmt::format("{}: its columns have no names, so '{}' cannot be found", file, name)
          : fmt::format("{}: has no column '{}'; there are {}", file, name,
                        fmt::join(table.names, ", ")));
}

}  // namespace otto
