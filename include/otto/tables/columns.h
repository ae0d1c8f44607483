#pragma once
// Numbers in the columns of an HDF5 file, read by one rank on its own.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "otto/io/h5_handle.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The file begins as HDF5 files do, or is called .h5, .hdf5 or .hdf.
bool is_hdf5(const std::filesystem::path& file);

/// An HDF5 file opened for reading. What is wrong with it is an InputError naming the file.
class ColumnFile {
 public:
  explicit ColumnFile(std::filesystem::path file);

  /// Extents of a dataset of one or two axes: rows and columns (1 for a plain list).
  struct Shape {
    std::int64_t rows = 0, columns = 1;
  };
  [[nodiscard]] bool has(const std::string& dataset) const;
  [[nodiscard]] Shape shape(const std::string& dataset) const;
  /// Rows first ... first + count - 1, row by row, as doubles.
  [[nodiscard]] std::vector<double> read(const std::string& dataset, std::int64_t first,
                                         std::int64_t count) const;
  /// A number on the root group, if it has one of that name.
  [[nodiscard]] std::optional<double> attribute(const std::string& name) const;
  [[noreturn]] void fail(const std::string& message) const;

 private:
  [[nodiscard]] H5Id open(const std::string& dataset) const;

  std::filesystem::path file_;
  H5Id id_;
};

/// The file holds values for the cells of this very mesh, to be read by CellTable: an HDF5 file with
/// as many centres, or what CellTable has to refuse.
bool is_of_mesh(const std::filesystem::path& file, const Mesh& mesh);

/// Values of cells by their centres, rows in any order: /cells/center and one of `datasets`, looked
/// for in that order. Keeps the rows in this rank's part of the mesh. A row belongs to the cell
/// whose centre is within 1e-4 of the smallest spacing. Never communicates.
class CellTable {
 public:
  CellTable(const std::filesystem::path& file, const std::vector<std::string>& datasets,
            const Mesh& mesh);
  /// Throws InputError where no row, or more than one, belongs to the centre.
  [[nodiscard]] double at(const Point& center) const;

 private:
  struct Row {
    std::int64_t bucket;
    Point center;
    double value;
  };
  [[nodiscard]] std::int64_t bucket_of(const Point& x) const;
  void set_buckets(std::span<const Point> centers);
  void read_rows(const ColumnFile& file, const std::string& dataset);

  std::filesystem::path file_;
  int dimension_;
  double tolerance_;
  Point lower_{}, upper_{};  // of this rank's centres
  double edge_ = 1;          // of a bucket
  std::array<std::int64_t, 3> count_{1, 1, 1};
  std::vector<Row> rows_;  // sorted by bucket
};

}  // namespace otto
