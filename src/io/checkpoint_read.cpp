// Verifying and loading checkpoints. Every rank reads its share of the bytes at the places the seal
// tells, so damaged data never reach HDF5.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>

#include "content_hash.h"
#include "h5_structure.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "seal.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

/// Why a checkpoint is not good.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `work` on every rank; the first Fault in words, or "". Collective.
template <class Work>
std::string fault_of(const Comm& comm, const Work& work) {
  try {
    comm.together([&] {
      try {
        work();
      } catch (const std::exception& e) {
        throw IoError(e.what());
      }
    });
    return "";
  } catch (const Error& e) {
    if (std::string(e.what()) == std::bad_alloc().what())
      throw std::bad_alloc();  // no fault of the file's
    return e.what();
  }
}

/// A checkpoint that may not be read is no damaged one: a run that began anew would lose what it holds. Throws IoError.
void check_readable(const fs::path& folder, const std::vector<std::string>& names) {
  const auto check = [](const fs::path& path, int mode) {
    if (::access(path.c_str(), mode) == 0 || errno == ENOENT) return;
    throw IoError(
        fmt::format("{}: cannot be read: {}; give this user the right to, or leave --resume out",
                    path.string(), std::strerror(errno)));
  };
  check(folder, R_OK | X_OK);
  for (const std::string& name : names) {
    for (const char* kind : {".json", ".h5"}) check(folder / (name + kind), R_OK);
  }
}

Descriptor open_data(const fs::path& stem) {
  const std::string file = stem.string() + ".h5";
  Descriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (from < 0) {
    const std::string name = stem.filename().string() + ".h5";
    throw Fault(errno == ENOENT ? name + " is missing"
                                : name + " cannot be read: " + std::strerror(errno));
  }
  return from;
}

void read_at(int from, std::span<std::byte> bytes, std::int64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pread(from, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Fault(std::string("its data cannot be read: ") + std::strerror(errno));
    if (n == 0) throw Fault("its data end too early");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += n;
  }
}

/// Hash of words [first, end) of a field.
std::uint64_t hash_part(int from, const Seal::Field& field, std::int64_t first, std::int64_t end) {
  std::vector<double> block(1 << 16);
  std::uint64_t sum = 0;
  while (first < end) {
    const auto n = std::min<std::int64_t>(end - first, std::ssize(block));
    const auto words = std::span(block).first(static_cast<std::size_t>(n));
    read_at(from, std::as_writable_bytes(words), field.offset + 8 * first);
    sum += hash_words(words, first);
    first += n;
  }
  return sum;
}

/// Hash of the bytes that are no field's.
std::uint64_t hash_structure(int from, const Seal& seal) {
  std::vector<std::int64_t> starts;
  for (const auto& f : seal.fields) {
    if (!f.empty) starts.push_back(f.offset);
  }
  std::ranges::sort(starts);
  starts.push_back(seal.size);
  std::vector<std::byte> block(1 << 16);
  std::uint64_t sum = 0;
  std::int64_t at = 0;
  for (const std::int64_t start : starts) {
    while (at < start) {
      const auto n = std::min<std::int64_t>(start - at, std::ssize(block));
      const auto bytes = std::span(block).first(static_cast<std::size_t>(n));
      read_at(from, bytes, at);
      sum += hash_bytes(bytes, at);
      at += n;
    }
    at = start + 8 * seal.cells;
  }
  return sum;
}

std::string read_seal_file(const fs::path& stem) {
  const fs::path file = stem.string() + ".json";
  std::error_code none;
  if (!fs::exists(file, none)) {
    throw Fault("its seal " + file.filename().string() + " is missing: it was never completed");
  }
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw Fault("its seal cannot be read");
  return text;
}

void check_size(int from, const Seal& seal) {
  const std::int64_t size = ::lseek(from, 0, SEEK_END);
  if (size != seal.size) {
    throw Fault(
        fmt::format("{}.h5 has {} bytes, not the {} that were sealed", seal.name, size, seal.size));
  }
}

/// Every rank hashes its share of every field, the root the rest. Collective.
std::string verify_data(const Comm& comm, const fs::path& stem, const Seal& seal) {
  std::vector<std::uint64_t> sums(seal.fields.size() + 1, 0);
  const std::string fault = fault_of(comm, [&] {
    fault_point("checkpoint_verify");
    const Descriptor from = open_data(stem);
    check_size(from, seal);
    const std::int64_t n = seal.cells, p = comm.size(), r = comm.rank();
    for (std::size_t i = 0; i < seal.fields.size(); ++i) {
      if (seal.fields[i].empty) continue;
      sums[i] = hash_part(from, seal.fields[i], r * n / p, (r + 1) * n / p);
    }
    if (comm.is_root()) sums.back() = hash_structure(from, seal);
  });
  if (!fault.empty()) return fault;
  MPI_Allreduce(MPI_IN_PLACE, sums.data(), static_cast<int>(sums.size()), MPI_UINT64_T, MPI_SUM,
                comm.handle());
  for (std::size_t i = 0; i < seal.fields.size(); ++i) {
    if (!seal.fields[i].empty && sums[i] != seal.fields[i].hash) {
      return "its data are damaged ('" + seal.fields[i].name + "' is not what was sealed)";
    }
  }
  return sums.back() == seal.structure ? "" : "its data are damaged (outside the fields)";
}

/// Sets what it is asked for.
class Loading final : public Archive {
 public:
  Loading(const Mesh& mesh, const fs::path& stem, const Seal& seal)
      : mesh_(mesh), order_(mesh), stem_(stem), seal_(seal) {
    together([&] { from_ = open_data(stem); });
  }
  [[nodiscard]] bool loading() const override { return true; }

 protected:
  [[nodiscard]] bool has_number(const std::string& name) const override {
    return seal_.numbers.contains(name);
  }
  void take_number(const std::string& name, double& x) override { x = from_json(number(name)); }
  void take_numbers(const std::string& name, std::vector<double>& x) override {
    x.clear();
    for (const auto& value : number(name)) x.push_back(from_json(value));
  }
  void take_cells(const std::string& name, std::vector<double>& values, bool ghosts) override {
    const auto field = std::ranges::find(seal_.fields, name, &Seal::Field::name);
    if (field == seal_.fields.end()) missing(name);
    values.clear();
    if (field->empty) return;
    std::vector<double> slab(static_cast<std::size_t>(order_.rows()));
    together([&] {
      read_at(from_, std::as_writable_bytes(std::span(slab)), field->offset + 8 * order_.first());
    });
    values = order_.from_slab(slab);
    if (!ghosts) return;
    values.resize(static_cast<std::size_t>(mesh_.local()));
    mesh_.halo.update(mesh_.comm, values);
  }

 private:
  template <class Work>
  void together(const Work& work) const {
    const std::string fault = fault_of(mesh_.comm, work);
    if (!fault.empty()) throw Error(ExitStatus::io, stem_.string() + ": " + fault, true);
  }
  [[nodiscard]] const nlohmann::ordered_json& number(const std::string& name) const {
    const auto found = seal_.numbers.find(name);
    if (found == seal_.numbers.end()) missing(name);
    return *found;
  }
  [[noreturn]] void missing(const std::string& name) const {
    throw Error(ExitStatus::bad_input,
                fmt::format("{}: holds no '{}'; it was written by a version of Otto ({}, {}) that "
                            "steps differently: resume with that one",
                            stem_.string(), name, seal_.version, seal_.revision),
                true);
  }

  const Mesh& mesh_;
  GlobalOrder order_;
  const fs::path& stem_;
  const Seal& seal_;
  Descriptor from_;
};

}  // namespace

Checkpoint::Checkpoint(fs::path stem, std::unique_ptr<const Seal> seal)
    : stem_(std::move(stem)), seal_(std::move(seal)) {}
Checkpoint::~Checkpoint() = default;

std::shared_ptr<const Checkpoint> Checkpoint::open(const Comm& comm, const fs::path& stem,
                                                   std::string& fault) {
  std::string text;
  fault = fault_of(comm, [&] {
    if (comm.is_root()) text = read_seal_file(stem);
  });
  if (!fault.empty()) return nullptr;
  text = comm.broadcast(std::move(text));
  auto seal = std::make_unique<Seal>();
  fault = fault_of(comm, [&] {
    *seal = parse_seal(text);
    if (seal->name != stem.filename()) throw Fault("its seal is that of " + seal->name);
  });
  if (fault.empty()) fault = verify_data(comm, stem, *seal);
  if (!fault.empty()) return nullptr;
  return std::make_shared<const Checkpoint>(stem, std::move(seal));
}

double Checkpoint::time() const { return seal_->time; }
long Checkpoint::step() const { return seal_->step; }
int Checkpoint::ranks() const { return seal_->ranks; }
const std::string& Checkpoint::revision() const { return seal_->revision; }
const Critical& Checkpoint::critical() const { return seal_->critical; }

void Checkpoint::load(const Mesh& mesh, const Remember& remember) const {
  const std::uint64_t hash = mesh_hash(mesh);
  if (mesh.global_cells != seal_->cells || hash != seal_->mesh) {
    throw Error(ExitStatus::bad_input,
                fmt::format("{}: belongs to another mesh ({} cells; this case has {}): a continued "
                            "run keeps its mesh",
                            stem_.string(), seal_->cells, mesh.global_cells),
                true);
  }
  fault_point("checkpoint_load");
  Loading archive(mesh, stem_, *seal_);
  remember(archive);
}

Found newest_checkpoint(const Comm& comm, const fs::path& folder) {
  std::string list;
  comm.together([&] {
    if (!comm.is_root()) return;
    const std::vector<std::string> all = checkpoint_names(folder);
    check_readable(folder, all);
    for (const auto& name : all) list += name + "\n";
  });
  list = comm.broadcast(std::move(list));
  std::vector<std::string> names;
  for (std::size_t at = 0; at < list.size();) {
    const auto end = list.find('\n', at);
    names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  Found found;
  for (auto name = names.rbegin(); name != names.rend() && !found.checkpoint; ++name) {
    std::string fault;
    found.checkpoint = Checkpoint::open(comm, folder / *name, fault);
    if (!found.checkpoint) found.skipped.push_back(*name + ": " + fault);
  }
  return found;
}

}  // namespace otto
