#pragma once
// Points in rows: /samples of an HDF5 file, columns of text, .npy or .npz.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "otto/tables/columns.h"
#include "otto/tables/number_table.h"

namespace otto {

/// Opened and read by one rank on its own. What is wrong is an InputError naming the file.
class SampleFile {
 public:
  /// Refuses a file whose rows do not have `dimension` numbers.
  SampleFile(const std::filesystem::path& file, int dimension);

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Rows first ... first + count - 1, row by row.
  [[nodiscard]] std::vector<double> read(std::int64_t first, std::int64_t count) const;
  /// "FILE:LINE" of a row (from 0) or "FILE: row N", for messages.
  [[nodiscard]] std::string place(std::int64_t row) const;
  [[noreturn]] void fail(const std::string& message) const;

 private:
  std::filesystem::path file_;
  std::int64_t rows_ = 0;
  std::size_t dimension_;
  std::optional<ColumnFile> hdf5_;
  NumberTable table_;  ///< of the other kinds
};

}  // namespace otto
