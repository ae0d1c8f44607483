#include "otto/tables/columns.h"

#include <fmt/format.h>

#include <fstream>

#include "otto/core/error.h"
#include "otto/io/h5_trial.h"

namespace otto {

namespace {

H5Id open_file(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) {
    throw InputError(file.string() + ": there is no such file");
  }
  if (!survives_h5(file)) {
    throw InputError(file.string() + ": is damaged; HDF5 cannot read it");
  }
  quiet_h5();
  try {
    return {H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "open"};
  } catch (const H5Failure&) {
    throw InputError(file.string() + ": is not an HDF5 file, or is cut off");
  }
}

/// HDF5 makes buffers of as many bytes as a file says that a number has.
bool is_number(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  return (kind == H5T_FLOAT || kind == H5T_INTEGER) && H5Tget_size(type) <= sizeof(long double);
}

}  // namespace

bool is_hdf5(const std::filesystem::path& file) {
  const std::string kind = file.extension();
  if (kind == ".h5" || kind == ".hdf5" || kind == ".hdf") return true;
  std::array<char, 4> start{};
  std::ifstream(file, std::ios::binary).read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == "\x89HDF";
}

bool is_of_mesh(const std::filesystem::path& file, const Mesh& mesh) {
  if (!is_hdf5(file)) return false;
  const ColumnFile columns(file);
  if (!columns.has("/cells/center")) return true;
  return columns.shape("/cells/center").rows == mesh.global_cells;
}

ColumnFile::ColumnFile(std::filesystem::path file)
    : file_(std::move(file)), id_(open_file(file_)) {}

void ColumnFile::fail(const std::string& message) const {
  throw InputError(file_.string() + ": " + message);
}

H5Id ColumnFile::open(const std::string& dataset) const {
  try {
    return {H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose, dataset};
  } catch (const H5Failure&) {
    fail("has no dataset " + dataset);
  }
}

bool ColumnFile::has(const std::string& dataset) const {
  const hid_t found = H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT);
  if (found >= 0) H5Dclose(found);
  return found >= 0;
}

std::optional<double> ColumnFile::attribute(const std::string& name) const {
  double value = 0;
  const hid_t found = H5Aopen(id_, name.c_str(), H5P_DEFAULT);
  if (found < 0) return std::nullopt;
  const hid_t space = H5Aget_space(found), type = H5Aget_type(found);
  const bool read = is_number(type) && H5Sget_simple_extent_npoints(space) == 1 &&
                    H5Aread(found, H5T_NATIVE_DOUBLE, &value) >= 0;
  H5Tclose(type);
  H5Sclose(space);
  H5Aclose(found);
  if (!read) fail("its attribute " + name + " is not a number");
  return value;
}

ColumnFile::Shape ColumnFile::shape(const std::string& dataset) const {
  const H5Id data = open(dataset);
  const H5Id type(H5Dget_type(data), H5Tclose, dataset);
  if (!is_number(type)) fail(dataset + " does not hold numbers");
  const H5Id space(H5Dget_space(data), H5Sclose, dataset);
  const int axes = H5Sget_simple_extent_ndims(space);
  if (axes != 1 && axes != 2) fail(fmt::format("{} has {} axes; 1 or 2 are needed", dataset, axes));
  hsize_t extent[2] = {0, 1};
  H5Sget_simple_extent_dims(space, extent, nullptr);
  return {static_cast<std::int64_t>(extent[0]), static_cast<std::int64_t>(extent[1])};
}

std::vector<double> ColumnFile::read(const std::string& dataset, std::int64_t first,
                                     std::int64_t count) const {
  const std::int64_t columns = shape(dataset).columns;
  std::vector<double> values(static_cast<std::size_t>(count * columns));
  if (values.empty()) return values;
  const hsize_t start[2] = {static_cast<hsize_t>(first), 0};
  const hsize_t extent[2] = {static_cast<hsize_t>(count), static_cast<hsize_t>(columns)};
  const hsize_t length = values.size();
  try {
    const H5Id data = open(dataset);
    const H5Id space(H5Dget_space(data), H5Sclose, dataset);
    check_h5(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, extent, nullptr), dataset);
    const H5Id memory(H5Screate_simple(1, &length, nullptr), H5Sclose, dataset);
    check_h5(H5Dread(data, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values.data()), dataset);
  } catch (const H5Failure&) {
    fail(dataset + " cannot be read; the file may be damaged");
  }
  return values;
}

}  // namespace otto
