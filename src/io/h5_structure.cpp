#include "h5_structure.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "otto/core/error.h"
#include "otto/io/h5_handle.h"

namespace otto {

namespace {

hid_t type_of(const H5Plan::Values& values) {
  if (holds<std::uint8_t>(values)) return H5T_NATIVE_UINT8;
  return holds<std::int64_t>(values) ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
}

H5Id space_of(std::int64_t rows, int columns) {
  const hsize_t size[2] = {static_cast<hsize_t>(rows), static_cast<hsize_t>(std::max(columns, 1))};
  return {H5Screate_simple(columns > 0 ? 2 : 1, size, nullptr), H5Sclose, "shape"};
}

void write_attribute(hid_t file, const H5Plan::AttributeEntry& entry) {
  const std::string what = "attribute " + entry.name;
  const H5Id object(H5Oopen(file, entry.object.c_str(), H5P_DEFAULT), H5Oclose, what);
  const auto put = [&](hid_t type, hid_t space, const void* data) {
    const H5Id attribute(
        H5Acreate2(object, entry.name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
        what);
    check_h5(H5Awrite(attribute, type, data), what);
  };
  const H5Id scalar(H5Screate(H5S_SCALAR), H5Sclose, what);
  if (const auto* x = std::get_if<double>(&entry.value)) {
    put(H5T_NATIVE_DOUBLE, scalar, x);
  } else if (const auto* v = std::get_if<std::vector<double>>(&entry.value)) {
    put(H5T_NATIVE_DOUBLE, space_of(static_cast<std::int64_t>(v->size()), 0), v->data());
  } else if (const auto* k = std::get_if<std::vector<std::int64_t>>(&entry.value)) {
    put(H5T_NATIVE_INT64, space_of(static_cast<std::int64_t>(k->size()), 0), k->data());
  } else {
    const auto& text = std::get<std::string>(entry.value);
    const H5Id type(H5Tcopy(H5T_C_S1), H5Tclose, what);
    check_h5(H5Tset_size(type, std::max<std::size_t>(text.size(), 1)), what);
    check_h5(H5Tset_strpad(type, H5T_STR_NULLPAD), what);
    put(type, scalar, text.empty() ? "\0" : text.data());
  }
}

std::vector<std::int64_t> write_structure(hid_t file, const H5Plan& plan,
                                          const std::vector<std::int64_t>& rows) {
  const H5Id group_options = h5_properties(H5P_GROUP_CREATE);
  for (const auto& path : plan.groups()) {
    H5Id(H5Gcreate2(file, path.c_str(), H5P_DEFAULT, group_options, H5P_DEFAULT), H5Gclose, path);
  }
  const H5Id options = h5_properties(H5P_DATASET_CREATE);
  check_h5(H5Pset_alloc_time(options, H5D_ALLOC_TIME_EARLY), "storage");
  check_h5(H5Pset_fill_time(options, H5D_FILL_TIME_NEVER), "storage");
  check_h5(H5Pset_obj_track_times(options, false), "storage");
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& entry = plan.datasets()[i];
    const H5Id space = space_of(rows[i], entry.columns);
    const H5Id set(H5Dcreate2(file, entry.path.c_str(), type_of(entry.values), space, H5P_DEFAULT,
                              options, H5P_DEFAULT),
                   H5Dclose, entry.path);
    offsets.push_back(static_cast<std::int64_t>(H5Dget_offset(set)));
    if (rows[i] > 0 && offsets.back() < 0) throw H5Failure(entry.path + ": has no place");
  }
  for (const auto& link : plan.links()) {
    check_h5(H5Lcreate_external(link.file.c_str(), link.target.c_str(), file, link.path.c_str(),
                                H5P_DEFAULT, H5P_DEFAULT),
             link.path);
  }
  for (const auto& attribute : plan.attributes()) write_attribute(file, attribute);
  return offsets;
}

/// More than the file will need.
std::int64_t size_bound(const H5Plan& plan, const std::vector<std::int64_t>& rows) {
  const auto objects =
      plan.groups().size() + plan.attributes().size() + rows.size() + plan.links().size();
  std::int64_t size = 16384 + 1024 * static_cast<std::int64_t>(objects);
  for (const auto& link : plan.links()) {
    size += static_cast<std::int64_t>(link.path.size() + link.file.size() + link.target.size());
  }
  for (const auto& entry : plan.attributes()) {
    if (const auto* text = std::get_if<std::string>(&entry.value)) {
      size += 2 * static_cast<std::int64_t>(text->size());
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& entry = plan.datasets()[i];
    size += rows[i] * std::max(entry.columns, 1) * entry.element_size() + 2048;
  }
  return size;
}

/// A file-size limit holds for files in memory, too.
void check_limit(std::int64_t size) {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  if (static_cast<rlim_t>(size) > limit.rlim_cur) throw H5Failure(std::strerror(EFBIG));
}

}  // namespace

H5Structure build_structure(const H5Plan& plan, const std::vector<std::int64_t>& rows) {
  check_limit(size_bound(plan, rows));
  H5Structure structure;
  structure.memory = Descriptor(::memfd_create("otto-h5", MFD_CLOEXEC));
  if (structure.memory < 0) {
    throw IoError(std::string("no file in memory can be had: ") + std::strerror(errno) +
                  "; ulimit -n tells how many files may be open");
  }
  // The stdio driver, because the default one wants a name that is not a symbolic link.
  const H5Id options = h5_properties(H5P_FILE_ACCESS);
  check_h5(H5Pset_fapl_stdio(options), "file in memory");
  const std::string name = "/proc/self/fd/" + std::to_string(structure.memory);
  H5Id file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, options), H5Fclose,
            "file in memory");
  structure.offsets = write_structure(file, plan, rows);
  file.close("file in memory");
  structure.size = ::lseek(structure.memory, 0, SEEK_END);
  return structure;
}

}  // namespace otto
