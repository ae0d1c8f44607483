// Writing checkpoints, and the names they go by.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "content_hash.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/io/files.h"
#include "otto/io/h5_writer.h"
#include "seal.h"

namespace otto {

namespace {

namespace fs = std::filesystem;

/// Collects what is to be saved: numbers into the seal, where cell fields are. Their values are
/// brought into global order, hashed and written piece by piece.
class Saving final : public Archive {
 public:
  Saving(const Mesh& mesh, const GlobalOrder& order, Seal& seal)
      : mesh_(mesh), order_(order), seal_(seal) {}
  [[nodiscard]] bool loading() const override { return false; }

  /// Datasets in the order of the seal's fields that have values.
  void plan(H5Plan& plan) {
    sums_.assign(values_.size(), 0);
    std::size_t next = 0;
    for (const auto& f : seal_.fields) {
      if (f.empty) continue;
      plan.dataset(
          "/cells/" + f.name,
          Pieces<double>{order_.rows(), [this, i = next++](const Pieces<double>::Sink& sink) {
                           order_.stream(values_[i], [&](std::int64_t first, auto piece) {
                             sums_[i] += hash_words(piece, first);
                             sink(piece);
                           });
                         }});
    }
  }
  /// Seals the hashes of what was written, taken from memory. Collective.
  void seal_hashes() {
    MPI_Allreduce(MPI_IN_PLACE, sums_.data(), static_cast<int>(sums_.size()), MPI_UINT64_T, MPI_SUM,
                  mesh_.comm.handle());
    std::size_t next = 0;
    for (auto& f : seal_.fields) {
      if (!f.empty) f.hash = sums_[next++];
    }
  }

 protected:
  void take_number(const std::string& name, double& x) override {
    seal_.numbers[name] = to_json(x);
  }
  void take_numbers(const std::string& name, std::vector<double>& x) override {
    auto list = nlohmann::ordered_json::array();
    for (const double value : x) list.push_back(to_json(value));
    seal_.numbers[name] = std::move(list);
  }
  void take_cells(const std::string& name, std::vector<double>& values, bool ghosts) override {
    const auto owned = static_cast<std::size_t>(mesh_.owned);
    const auto size = ghosts ? static_cast<std::size_t>(mesh_.local()) : owned;
    seal_.fields.push_back({.name = name, .empty = !mesh_.comm.any(!values.empty())});
    if (seal_.fields.back().empty) return;
    mesh_.comm.together([&] {
      if (values.size() != size) {
        throw InternalError("checkpoint: '" + name + "' is no cell field of this mesh");
      }
    });
    values_.push_back(std::span<const double>(values).first(owned));
  }

 private:
  const Mesh& mesh_;
  const GlobalOrder& order_;
  Seal& seal_;
  std::vector<std::span<const double>> values_;  // owned, of each field that has some
  std::vector<std::uint64_t> sums_;              // hashes of this rank's slabs of them
};

/// The number of "ck-NNNNNN..." with one of the extensions a checkpoint's files have, else 0.
long number_of(const fs::path& file) {
  const std::string name = file.filename();
  const auto dot = name.find('.');
  if (!name.starts_with("ck-") || dot == std::string::npos) return 0;
  const std::string kind = name.substr(dot);
  if (kind != ".h5" && kind != ".json" && kind != ".h5.part" && kind != ".json.part") return 0;
  long number = 0;
  const auto read = std::from_chars(name.data() + 3, name.data() + dot, number);
  return read.ec == std::errc{} && read.ptr == name.data() + dot ? number : 0;
}

void remove_files(const fs::path& folder, const std::string& name) {
  std::error_code none;
  // The seal first: data without a seal are no checkpoint, whatever happens in between.
  for (const char* kind : {".json", ".json.part", ".h5", ".h5.part"}) {
    fs::remove(folder / (name + kind), none);
  }
}

}  // namespace

std::string checkpoint_name(long number) { return fmt::format("ck-{:06d}", number); }

std::vector<std::string> checkpoint_names(const fs::path& folder) {
  std::set<long> numbers;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (const long n = number_of(entry.path()); n > 0) numbers.insert(n);
  }
  std::vector<std::string> names;
  for (const long n : numbers) names.push_back(checkpoint_name(n));
  return names;
}

std::uint64_t mesh_hash(const Mesh& mesh) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    const Point& x = mesh.center[i];
    const std::array<double, 4> place{mesh.volume[i], x[0], x[1], x[2]};
    hash += hash_words(place, 4 * mesh.global[i]);
  }
  MPI_Allreduce(MPI_IN_PLACE, &hash, 1, MPI_UINT64_T, MPI_SUM, mesh.comm.handle());
  return hash;
}

CheckpointFolder::CheckpointFolder(const Mesh& mesh, fs::path folder, std::int64_t keep,
                                   Provenance provenance, Critical critical,
                                   std::shared_ptr<const Checkpoint> known)
    : mesh_(mesh),
      folder_(std::move(folder)),
      keep_(std::max<std::int64_t>(keep, 2)),
      provenance_(std::move(provenance)),
      critical_(std::move(critical)) {
  long last = 0;
  if (mesh_.comm.is_root()) {
    const auto names = checkpoint_names(folder_);
    if (!names.empty()) last = number_of(names.back() + ".h5");
  }
  MPI_Bcast(&last, 1, MPI_LONG, 0, mesh_.comm.handle());
  next_ = last + 1;
  if (known && known->stem().parent_path() == folder_) {
    good_.push_back(known->stem().filename());
  }
}

std::string CheckpointFolder::write(double time, long step, const Remember& remember) {
  fault_point("checkpoint");
  const Comm& comm = mesh_.comm;
  const std::string name = checkpoint_name(next_++);  // used once, even if writing fails
  if (!order_) {
    order_.emplace(mesh_);
    mesh_hash_ = mesh_hash(mesh_);
  }
  Seal seal;
  seal.name = name;
  seal.time = time;
  seal.step = step;
  seal.ranks = comm.size();
  seal.version = provenance_.version;
  seal.revision = provenance_.revision;
  seal.cells = mesh_.global_cells;
  seal.mesh = mesh_hash_;
  seal.critical = critical_;
  Saving saving(mesh_, *order_, seal);
  remember(saving);
  H5Plan plan;
  plan.group("/cells");
  plan.attribute("/", "time", time);
  plan.attribute("/", "step", std::vector<std::int64_t>{step});
  add_provenance(plan, provenance_);
  saving.plan(plan);
  try {
    comm.together([&] {
      if (comm.is_root()) make_folder(folder_);
    });
    fault_point("checkpoint_data");
    const H5Layout layout = write_h5(comm, folder_ / (name + ".h5"), plan, true);
    saving.seal_hashes();
    seal.size = layout.size;
    seal.structure = layout.structure;
    std::size_t next = 0;
    for (auto& f : seal.fields) {
      if (!f.empty) f.offset = layout.offsets[next++];
    }
    comm.together([&] {
      fault_point("checkpoint_seal");
      if (comm.is_root()) replace_file(folder_ / (name + ".json"), seal_text(seal), true);
    });
    std::string fault;
    if (!Checkpoint::open(comm, folder_ / name, fault)) {
      throw Error(ExitStatus::io,
                  (folder_ / (name + ".h5")).string() + ": reads back wrong after writing: " +
                      fault + "; the disk or its connection is not to be trusted",
                  true);
    }
  } catch (...) {
    if (comm.is_root()) remove_files(folder_, name);
    throw;
  }
  good_.push_back(name);
  wrote_ = true;
  prune();
  return name;
}

/// Keeps the newest `keep` that are known to be good; removes others only when there are as many.
void CheckpointFolder::prune() {
  if (static_cast<std::int64_t>(good_.size()) < keep_) return;
  fault_point("checkpoint_prune");
  good_.erase(good_.begin(), good_.end() - keep_);
  if (!mesh_.comm.is_root()) return;
  for (const auto& name : checkpoint_names(folder_)) {
    if (std::ranges::find(good_, name) == good_.end()) remove_files(folder_, name);
  }
}

}  // namespace otto
