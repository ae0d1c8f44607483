#include "otto/io/h5_writer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "h5_handle.h"
#include "otto/core/error.h"
#include "otto/io/files.h"

namespace otto {

namespace {

using Entry = H5Plan::DatasetEntry;

/// Where this rank's rows of a dataset go.
struct Slab {
  std::int64_t first = 0, rows = 0, total = 0;
};

hid_t type_of(const H5Plan::Values& values) {
  if (std::holds_alternative<std::span<const double>>(values)) return H5T_NATIVE_DOUBLE;
  if (std::holds_alternative<std::span<const std::int64_t>>(values)) return H5T_NATIVE_INT64;
  return H5T_NATIVE_UINT8;
}

const void* data_of(const H5Plan::Values& values) {
  return std::visit([](auto s) { return static_cast<const void*>(s.data()); }, values);
}

std::vector<Slab> slabs_of(const Comm& comm, const H5Plan& plan) {
  const auto n = plan.datasets().size();
  std::vector<std::int64_t> mine(n), before(n, 0), total(n);
  for (std::size_t i = 0; i < n; ++i) mine[i] = plan.datasets()[i].rows();
  const int count = static_cast<int>(n);
  MPI_Exscan(mine.data(), before.data(), count, MPI_INT64_T, MPI_SUM, comm.handle());
  MPI_Allreduce(mine.data(), total.data(), count, MPI_INT64_T, MPI_SUM, comm.handle());
  std::vector<Slab> slabs(n);
  for (std::size_t i = 0; i < n; ++i)
    slabs[i] = {comm.is_root() ? 0 : before[i], mine[i], total[i]};
  return slabs;
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

void write_slab(hid_t file, const Entry& entry, const Slab& slab, hid_t transfer) {
  // In pieces: MPI-IO counts bytes in 32 bits.
  const std::int64_t row = entry.element_size() * std::max(entry.columns, 1);
  const std::int64_t piece = std::max<std::int64_t>(1, (std::int64_t{1} << 28) / row);
  const H5Id set(H5Dopen2(file, entry.path.c_str(), H5P_DEFAULT), H5Dclose, entry.path);
  const H5Id space(H5Dget_space(set), H5Sclose, entry.path);
  for (std::int64_t done = 0; done < slab.rows; done += piece) {
    const std::int64_t rows = std::min(piece, slab.rows - done);
    const hsize_t start[2] = {static_cast<hsize_t>(slab.first + done), 0};
    const hsize_t count[2] = {static_cast<hsize_t>(rows),
                              static_cast<hsize_t>(std::max(entry.columns, 1))};
    check_h5(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr),
             entry.path);
    const H5Id memory = space_of(rows, entry.columns);
    const auto* from = static_cast<const std::byte*>(data_of(entry.values)) + done * row;
    check_h5(H5Dwrite(set, type_of(entry.values), memory, space, transfer, from), entry.path);
  }
}

void write_slabs(hid_t file, const H5Plan& plan, const std::vector<Slab>& slabs, hid_t transfer) {
  for (std::size_t i = 0; i < slabs.size(); ++i) {
    write_slab(file, plan.datasets()[i], slabs[i], transfer);
  }
}

void write_structure(hid_t file, const H5Plan& plan, const std::vector<Slab>& slabs) {
  const H5Id group_options = h5_properties(H5P_GROUP_CREATE);
  for (const auto& path : plan.groups()) {
    H5Id(H5Gcreate2(file, path.c_str(), H5P_DEFAULT, group_options, H5P_DEFAULT), H5Gclose, path);
  }
  const H5Id options = h5_properties(H5P_DATASET_CREATE);
  check_h5(H5Pset_alloc_time(options, H5D_ALLOC_TIME_EARLY), "storage");
  check_h5(H5Pset_fill_time(options, H5D_FILL_TIME_NEVER), "storage");
  check_h5(H5Pset_obj_track_times(options, false), "storage");
  for (std::size_t i = 0; i < slabs.size(); ++i) {
    const auto& entry = plan.datasets()[i];
    const H5Id space = space_of(slabs[i].total, entry.columns);
    H5Id(H5Dcreate2(file, entry.path.c_str(), type_of(entry.values), space, H5P_DEFAULT, options,
                    H5P_DEFAULT),
         H5Dclose, entry.path);
  }
  for (const auto& link : plan.links()) {
    check_h5(H5Lcreate_external(link.file.c_str(), link.target.c_str(), file, link.path.c_str(),
                                H5P_DEFAULT, H5P_DEFAULT),
             link.path);
  }
  for (const auto& attribute : plan.attributes()) write_attribute(file, attribute);
}

H5Id file_options() {
  H5Id options = h5_properties(H5P_FILE_ACCESS);
  // Nobody else knows the name of the part file, and network file systems often cannot lock.
  check_h5(H5Pset_file_locking(options, false, true), "locking");
  return options;
}

/// The bytes of a file without content.
std::vector<std::byte> empty_file() {
  const H5Id options = h5_properties(H5P_FILE_ACCESS);
  check_h5(H5Pset_fapl_core(options, 4096, false), "memory file");
  const H5Id file(H5Fcreate("empty", H5F_ACC_TRUNC, H5P_DEFAULT, options), H5Fclose, "memory file");
  check_h5(H5Fflush(file, H5F_SCOPE_GLOBAL), "memory file");
  std::vector<std::byte> image(
      static_cast<std::size_t>(check_h5(H5Fget_file_image(file, nullptr, 0), "memory file")));
  check_h5(H5Fget_file_image(file, image.data(), image.size()), "memory file");
  return image;
}

/// More than the file will need.
std::int64_t size_bound(const H5Plan& plan, const std::vector<Slab>& slabs) {
  const auto objects =
      plan.groups().size() + plan.attributes().size() + slabs.size() + plan.links().size();
  std::int64_t size = 16384 + 1024 * static_cast<std::int64_t>(objects);
  for (const auto& link : plan.links()) {
    size += static_cast<std::int64_t>(link.path.size() + link.file.size() + link.target.size());
  }
  for (const auto& entry : plan.attributes()) {
    if (const auto* text = std::get_if<std::string>(&entry.value)) {
      size += 2 * static_cast<std::int64_t>(text->size());
    }
  }
  for (std::size_t i = 0; i < slabs.size(); ++i) {
    const auto& entry = plan.datasets()[i];
    size += slabs[i].total * std::max(entry.columns, 1) * entry.element_size() + 2048;
  }
  return size;
}

/// Creates an empty HDF5 file whose whole future size is already taken on the disk.
void reserve(const std::filesystem::path& part, const std::filesystem::path& file,
             std::int64_t size) {
  const auto image = empty_file();
  const int descriptor = ::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) throw IoError(write_failure(file, errno));
  int error = ::posix_fallocate(descriptor, 0, size);
  if (error == 0 &&
      ::pwrite(descriptor, image.data(), image.size(), 0) != static_cast<ssize_t>(image.size())) {
    error = errno;
  }
  if (::close(descriptor) != 0 && error == 0) error = errno;
  if (error != 0) throw IoError(write_failure(file, error));
}

/// Closes a file the disk refused to take: what HDF5 still holds goes to memory instead, for HDF5
/// crashes at the end of the program over a file it could not close.
void abandon(hid_t file) {
  void* handle = nullptr;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0) return;
  const int sink = ::memfd_create("otto-abandoned", MFD_CLOEXEC);
  if (sink < 0) return;
  ::dup2(sink, *static_cast<int*>(handle));
  ::close(sink);
}

/// Root: the structure; and the data too where there is no other rank.
void write_root(const std::filesystem::path& part, const std::filesystem::path& name,
                const H5Plan& plan, const std::vector<Slab>& slabs, bool with_data) {
  reserve(part, name, size_bound(plan, slabs));
  H5Id file(H5Fopen(part.c_str(), H5F_ACC_RDWR, file_options()), H5Fclose, "opening");
  try {
    write_structure(file, plan, slabs);
    if (with_data) write_slabs(file, plan, slabs, H5P_DEFAULT);
    check_h5(H5Fflush(file, H5F_SCOPE_GLOBAL), "writing");
  } catch (...) {
    abandon(file);
    throw;
  }
  file.close("closing");
}

/// Runs `work` on all ranks; HDF5's failures become IoErrors naming the file.
template <class Work>
void together(const Comm& comm, const std::filesystem::path& file, const Work& work) {
  comm.together([&] {
    try {
      work();
    } catch (const H5Failure& e) {
      throw IoError(file.string() + ": cannot write: " + e.what());
    }
  });
}

/// All ranks: their slabs. Opening and closing are collective, writing is not.
void write_parallel(const Comm& comm, const std::filesystem::path& part,
                    const std::filesystem::path& file, const H5Plan& plan,
                    const std::vector<Slab>& slabs) {
  const H5Id options = file_options();
  hid_t id = H5Pset_fapl_mpio(options, comm.handle(), MPI_INFO_NULL) < 0
                 ? -1
                 : H5Fopen(part.c_str(), H5F_ACC_RDWR, options);
  try {
    together(comm, file, [&] { check_h5(id, "opening"); });
    together(comm, file, [&] { write_slabs(id, plan, slabs, H5P_DEFAULT); });
  } catch (...) {
    if (id >= 0) H5Fclose(id);
    throw;
  }
  const herr_t closed = H5Fclose(id);
  together(comm, file, [&] { check_h5(closed, "closing"); });
}

}  // namespace

std::int64_t H5Plan::DatasetEntry::element_size() const {
  return std::visit([](auto s) { return static_cast<std::int64_t>(sizeof(s[0])); }, values);
}

std::int64_t H5Plan::DatasetEntry::rows() const {
  const auto n = std::visit([](auto s) { return static_cast<std::int64_t>(s.size()); }, values);
  return columns > 0 ? n / columns : n;
}

void write_h5(const Comm& comm, const std::filesystem::path& file, const H5Plan& plan,
              bool durable) {
  quiet_h5();
  std::filesystem::path part = file;
  part += ".part";
  const auto slabs = slabs_of(comm, plan);
  try {
    together(comm, file, [&] {
      if (comm.is_root()) write_root(part, file, plan, slabs, comm.size() == 1);
    });
    if (comm.size() > 1) write_parallel(comm, part, file, plan, slabs);
    comm.together([&] {
      if (comm.is_root()) publish_file(part, file, durable);
    });
  } catch (...) {
    std::error_code ignored;
    if (comm.is_root()) std::filesystem::remove(part, ignored);
    MPI_Barrier(comm.handle());  // gone for everybody
    throw;
  }
}

}  // namespace otto
