#pragma once
// How much of a table of numbered rows a file holds.

#include <filesystem>
#include <string>

namespace otto {

/// How far a table is whole and not beyond a row.
struct RowExtent {
  bool same_columns = false;
  long last = -1;           ///< number of the last row; the one before the first: none
  long long length = 0;     ///< bytes up to its end
  std::string why_missing;  ///< "" where no row is missing up to `last`
};
/// `head`: the header with its line end; the first field of a row is its number; `what` a row is
/// ("steps"), and `first` the number of the first. Rows after `max_row`, unfinished ones, and those from
/// one on that is out of order or has other fields than numbers, as many as the header, do not count. Not collective.
RowExtent row_extent(const std::filesystem::path& file, const std::string& head, long max_row,
                     const std::string& what, long first = 0);

}  // namespace otto
