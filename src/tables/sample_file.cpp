#include "otto/tables/sample_file.h"

#include <fmt/format.h>

#include "otto/core/error.h"

namespace otto {

SampleFile::SampleFile(const std::filesystem::path& file, int dimension)
    : file_(file), dimension_(std::size_t(dimension)) {
  std::int64_t columns = 0;
  if (is_hdf5(file)) {
    hdf5_.emplace(file);
    const auto shape = hdf5_->shape("/samples");
    rows_ = shape.rows;
    columns = shape.columns;
  } else {
    table_ = read_number_table(file);
    rows_ = std::int64_t(table_.rows());
    columns = std::int64_t(table_.columns);
  }
  if (columns != dimension) {
    fail(fmt::format("{}has {} {}; the mesh has {} axes", hdf5_ ? "/samples " : "", columns,
                     columns == 1 ? "column" : "columns", dimension));
  }
  check_order(table_, "", dimension);
  if (rows_ == 0) fail(hdf5_ ? "/samples is empty" : "holds no sample");
}

void SampleFile::fail(const std::string& message) const {
  throw InputError(fmt::format("{}: {}", file_.string(), message));
}

std::vector<double> SampleFile::read(std::int64_t first, std::int64_t count) const {
  const auto begin = table_.numbers.begin() + std::ptrdiff_t(first) * std::ptrdiff_t(dimension_);
  if (hdf5_) return hdf5_->read("/samples", first, count);
  return {begin, begin + std::ptrdiff_t(count) * std::ptrdiff_t(dimension_)};
}

std::string SampleFile::place(std::int64_t row) const {
  if (!hdf5_) return table_.place(std::size_t(row));
  return fmt::format("{}: /samples: row {}", file_.string(), row + 1);
}

}  // namespace otto
