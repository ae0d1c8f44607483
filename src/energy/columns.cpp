#include "columns.h"

#include <fmt/format.h>

#include "otto/core/error.h"

namespace otto {

namespace {

/// HDF5 prints what goes wrong unless told not to; the message is ours.
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

/// Closes what it holds.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] hid_t id() const { return id_; }
  [[nodiscard]] bool bad() const { return id_ < 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

}  // namespace

ColumnFile::ColumnFile(std::filesystem::path file) : file_(std::move(file)) {
  const Quiet quiet;
  if (!std::filesystem::is_regular_file(file_)) fail("there is no such file");
  id_ = H5Fopen(file_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (id_ < 0) fail("is not an HDF5 file, or cannot be read");
}

ColumnFile::~ColumnFile() { H5Fclose(id_); }

void ColumnFile::fail(const std::string& message) const {
  throw InputError(file_.string() + ": " + message);
}

bool ColumnFile::has(const std::string& dataset) const {
  const Quiet quiet;
  return !Handle(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose).bad();
}

ColumnFile::Shape ColumnFile::shape(const std::string& dataset) const {
  const Quiet quiet;
  const Handle data(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  if (data.bad()) fail("has no dataset " + dataset);
  const Handle type(H5Dget_type(data.id()), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type.id());
  if (kind != H5T_FLOAT && kind != H5T_INTEGER) fail(dataset + " does not hold numbers");
  const Handle space(H5Dget_space(data.id()), H5Sclose);
  const int axes = H5Sget_simple_extent_ndims(space.id());
  if (axes != 1 && axes != 2) fail(fmt::format("{} has {} axes; 1 or 2 are needed", dataset, axes));
  hsize_t extent[2] = {0, 1};
  H5Sget_simple_extent_dims(space.id(), extent, nullptr);
  return {static_cast<std::int64_t>(extent[0]), static_cast<std::int64_t>(extent[1])};
}

std::vector<double> ColumnFile::read(const std::string& dataset, std::int64_t first,
                                     std::int64_t count) const {
  const Shape all = shape(dataset);
  std::vector<double> values(static_cast<std::size_t>(count * all.columns));
  if (values.empty()) return values;
  const Quiet quiet;
  const Handle data(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle space(H5Dget_space(data.id()), H5Sclose);
  const hsize_t start[2] = {static_cast<hsize_t>(first), 0};
  const hsize_t extent[2] = {static_cast<hsize_t>(count), static_cast<hsize_t>(all.columns)};
  H5Sselect_hyperslab(space.id(), H5S_SELECT_SET, start, nullptr, extent, nullptr);
  const hsize_t length = values.size();
  const Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose);
  if (H5Dread(data.id(), H5T_NATIVE_DOUBLE, memory.id(), space.id(), H5P_DEFAULT, values.data()) <
      0) {
    fail(dataset + " cannot be read; the file may be damaged");
  }
  return values;
}

}  // namespace otto
