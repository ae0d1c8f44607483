#include "otto/io/h5_writer.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <optional>

#include "content_hash.h"
#include "h5_structure.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/io/files.h"
#include "otto/io/h5_handle.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

/// Where this rank's rows of a dataset go.
struct Slab {
  std::int64_t first = 0, total = 0;
};

std::vector<Slab> slabs_of(const Comm& comm, const H5Plan& plan) {
  const auto n = plan.datasets().size();
  std::vector<std::int64_t> mine(n), before(n, 0), total(n);
  for (std::size_t i = 0; i < n; ++i) mine[i] = plan.datasets()[i].rows();
  const int count = static_cast<int>(n);
  MPI_Exscan(mine.data(), before.data(), count, MPI_INT64_T, MPI_SUM, comm.handle());
  MPI_Allreduce(mine.data(), total.data(), count, MPI_INT64_T, MPI_SUM, comm.handle());
  std::vector<Slab> slabs(n);
  for (std::size_t i = 0; i < n; ++i) slabs[i] = {comm.is_root() ? 0 : before[i], total[i]};
  return slabs;
}

/// Throws IoError naming `file`.
void write_at(int descriptor, std::int64_t offset, const std::byte* bytes, std::int64_t size,
              const fs::path& file) {
  while (size > 0) {
    const std::size_t room = fault_room(static_cast<std::size_t>(size));
    if (room == 0) throw IoError(write_failure(file, ENOSPC));
    const ssize_t n = ::pwrite(descriptor, bytes, room, offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw IoError(write_failure(file, errno));
    offset += n;
    bytes += n;
    size -= n;
  }
}

/// Copies what is not a hole and returns its hash.
std::uint64_t copy_structure(const H5Structure& structure, int to, const fs::path& file) {
  std::array<std::byte, 65536> buffer;
  std::uint64_t hash = 0;
  std::int64_t at = 0;
  for (;;) {
    at = ::lseek(structure.memory, at, SEEK_DATA);
    if (at < 0) return hash;  // no more data
    const std::int64_t end = ::lseek(structure.memory, at, SEEK_HOLE);
    while (at < end) {
      const auto wanted = std::min<std::int64_t>(end - at, buffer.size());
      const ssize_t n =
          ::pread(structure.memory, buffer.data(), static_cast<std::size_t>(wanted), at);
      if (n <= 0) throw InternalError(file.string() + ": its structure cannot be read back");
      write_at(to, at, buffer.data(), n, file);
      hash += hash_bytes(std::span(buffer).first(static_cast<std::size_t>(n)), at);
      at += n;
    }
  }
}

/// Root: takes the whole size on the disk and writes the structure. Returns its hash.
std::uint64_t write_structure(const fs::path& part, const fs::path& file,
                              const H5Structure& structure) {
  Descriptor to(::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (to < 0) throw IoError(write_failure(file, errno));
  const int error = ::posix_fallocate(to, 0, structure.size);
  if (error != 0) throw IoError(write_failure(file, error));
  const std::uint64_t hash = copy_structure(structure, to, file);
  if (to.close() != 0) throw IoError(write_failure(file, errno));
  return hash;
}

/// The rows of this rank on their way to the disk. The first failure is kept, and nothing written
/// after it, so that pieces, which may be collective, always come to their end.
class Values {
 public:
  Values(const fs::path& part, const fs::path& file) : file_(file) {
    fault_point("h5_values");
    to_ = Descriptor(::open(part.c_str(), O_WRONLY | O_CLOEXEC));
    if (to_ < 0) throw IoError(write_failure(file, errno));
  }
  /// Collective where the entry's pieces are.
  void write(const H5Plan::DatasetEntry& entry, std::int64_t offset) {
    std::visit([&](const auto& values) { write(values, offset); }, entry.values);
  }
  void close(bool durable) {
    if (failure_) std::rethrow_exception(failure_);
    if (durable && ::fsync(to_) != 0 && errno != EINVAL && errno != ENOTSUP) {
      throw IoError(write_failure(file_, errno));
    }
    if (to_.close() != 0) throw IoError(write_failure(file_, errno));  // network disks fail here
  }

 private:
  template <class T>
  void write(std::span<const T> values, std::int64_t offset) {
    put(std::as_bytes(values), offset);
  }
  template <class T>
  void write(const Pieces<T>& values, std::int64_t offset) {
    values.stream([&](std::span<const T> piece) { put(std::as_bytes(piece), offset); });
  }
  void put(std::span<const std::byte> bytes, std::int64_t& offset) {
    const std::int64_t at = offset;
    offset += std::ssize(bytes);
    if (failure_) return;
    try {
      write_at(to_, at, bytes.data(), std::ssize(bytes), file_);
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  const fs::path& file_;
  Descriptor to_;
  std::exception_ptr failure_;
};

void write_values(const Comm& comm, const fs::path& part, const fs::path& file, const H5Plan& plan,
                  const std::vector<Slab>& slabs, const H5Layout& layout, bool durable) {
  std::optional<Values> values;
  comm.together([&] { values.emplace(part, file); });
  for (std::size_t i = 0; i < slabs.size(); ++i) {
    const auto& entry = plan.datasets()[i];
    const std::int64_t row = entry.element_size() * std::max(entry.columns, 1);
    values->write(entry, layout.offsets[i] + slabs[i].first * row);
  }
  comm.together([&] { values->close(durable); });
}

/// Runs `work` on all ranks; HDF5's failures become IoErrors naming the file.
template <class Work>
void together(const Comm& comm, const fs::path& file, const Work& work) {
  comm.together([&] {
    try {
      work();
    } catch (const H5Failure& e) {
      throw IoError(file.string() + ": cannot write: " + e.what());
    }
  });
}

/// The root's layout, on every rank.
void share(const Comm& comm, H5Layout& layout) {
  MPI_Bcast(&layout.size, 1, MPI_INT64_T, 0, comm.handle());
  MPI_Bcast(&layout.structure, 1, MPI_UINT64_T, 0, comm.handle());
  MPI_Bcast(layout.offsets.data(), static_cast<int>(layout.offsets.size()), MPI_INT64_T, 0,
            comm.handle());
}

}  // namespace

std::int64_t H5Plan::DatasetEntry::element_size() const {
  return holds<std::uint8_t>(values) ? 1 : 8;
}

std::int64_t H5Plan::DatasetEntry::rows() const {
  const auto count = [](const auto& x) {
    if constexpr (requires { x.count; }) {
      return x.count;
    } else {
      return std::int64_t(x.size());
    }
  };
  return std::visit(count, values) / std::max(columns, 1);
}

H5Layout write_h5(const Comm& comm, const fs::path& file, const H5Plan& plan, bool durable) {
  quiet_h5();
  fs::path part = file;
  part += ".part";
  fault_point("write_h5");
  const auto slabs = slabs_of(comm, plan);
  H5Layout layout;
  layout.offsets.resize(slabs.size());
  try {
    together(comm, file, [&] {
      fault_point("h5_structure");
      if (!comm.is_root()) return;
      std::vector<std::int64_t> rows;
      for (const auto& slab : slabs) rows.push_back(slab.total);
      const H5Structure structure = build_structure(plan, rows);
      layout = {structure.size, structure.offsets, write_structure(part, file, structure)};
    });
    share(comm, layout);
    write_values(comm, part, file, plan, slabs, layout, durable);
    comm.together([&] {
      if (comm.is_root()) publish_file(part, file, durable);
    });
  } catch (const Error& e) {
    if (!e.agreed()) throw;  // the other ranks are not here: no collective call
    std::error_code ignored;
    if (comm.is_root()) fs::remove(part, ignored);
    MPI_Barrier(comm.handle());  // removed before any rank goes on
    throw;
  }
  return layout;
}

}  // namespace otto
