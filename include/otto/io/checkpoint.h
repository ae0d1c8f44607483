#pragma once
// Checkpoints, sealed: checkpoints/ck-NNNNNN.h5 holds the cell fields in the order of the global
// cell numbers, ck-NNNNNN.json is its seal. The seal tells the time and step, every number the run
// has to remember, the critical parameters of the case, and the place and hash of every byte of the
// data. It is written last. A checkpoint is good only if both files exist, the seal's own hash is
// right and the data hash to what the seal says; HDF5 is never handed anything else. Names are
// never used twice, nothing is overwritten, and older ones go only after a new one has been read
// back. Any number of ranks may read what any number wrote.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "otto/core/archive.h"
#include "otto/io/provenance.h"
#include "otto/mesh/global_order.h"
#include "otto/mesh/mesh.h"

namespace otto {

struct Seal;

/// Names what is saved and restored; called once for every checkpoint, on every rank.
using Remember = std::function<void(Archive&)>;
/// Critical parameters: key and value.
using Critical = std::vector<std::pair<std::string, std::string>>;

/// A good checkpoint: its data were read and found to be what its seal says.
class Checkpoint {
 public:
  /// Verifies the checkpoint `stem` (".../ck-000012", without an extension). Returns null and says
  /// why in `fault` where it is not good. Collective.
  static std::shared_ptr<const Checkpoint> open(const Comm& comm, const std::filesystem::path& stem,
                                                std::string& fault);
  explicit Checkpoint(std::filesystem::path stem, std::unique_ptr<const Seal> seal);
  ~Checkpoint();
  [[nodiscard]] const std::filesystem::path& stem() const { return stem_; }
  [[nodiscard]] double time() const;
  [[nodiscard]] long step() const;
  [[nodiscard]] int ranks() const;  ///< that wrote it
  [[nodiscard]] const std::string& revision() const;
  [[nodiscard]] const Critical& critical() const;
  /// Restores everything `remember` names. Throws InputError where the mesh is another one or a
  /// name is missing, IoError where the data cannot be read any more. Collective.
  void load(const Mesh& mesh, const Remember& remember) const;

 private:
  std::filesystem::path stem_;
  std::unique_ptr<const Seal> seal_;
};

/// What a search found.
struct Found {
  std::shared_ptr<const Checkpoint> checkpoint;  ///< null: none is good
  std::vector<std::string> skipped;              ///< "ck-000012: why", newest first
};
/// The newest good checkpoint of a folder, which need not exist. Collective.
Found newest_checkpoint(const Comm& comm, const std::filesystem::path& folder);

/// The folder a run writes its checkpoints to.
class CheckpointFolder {
 public:
  /// Keeps a reference to the mesh. The folder is made when the first checkpoint is written; what
  /// is in it stays. `keep` >= 2. `known`: the checkpoint this run goes on from. Collective.
  CheckpointFolder(const Mesh& mesh, std::filesystem::path folder, std::int64_t keep,
                   Provenance provenance, Critical critical,
                   std::shared_ptr<const Checkpoint> known);

  /// Writes, seals, reads back, and only then removes older ones. Returns the stem's name.
  /// Collective; throws IoError naming the file; the earlier checkpoints are untouched then.
  std::string write(double time, long step, const Remember& remember);
  /// One has been written by this object.
  [[nodiscard]] bool wrote() const { return !good_.empty() && wrote_; }

 private:
  void prune();
  const Mesh& mesh_;
  std::filesystem::path folder_;
  std::int64_t keep_;
  Provenance provenance_;
  Critical critical_;
  std::optional<GlobalOrder> order_;
  std::uint64_t mesh_hash_ = 0;
  long next_ = 1;
  bool wrote_ = false;
  std::vector<std::string> good_;  ///< names known to be good, oldest first
};

/// "ck-000012".
std::string checkpoint_name(long number);
/// Names of all checkpoints of a folder, good or not, oldest first. Not collective.
std::vector<std::string> checkpoint_names(const std::filesystem::path& folder);
/// Hash of the cells' places and volumes in the order of their global numbers. Collective.
std::uint64_t mesh_hash(const Mesh& mesh);

}  // namespace otto
