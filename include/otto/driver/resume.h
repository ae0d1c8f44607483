#pragma once
// Which checkpoint a run goes on from, and whether the case still is the one it was written for.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/io/checkpoint.h"

namespace otto {

/// What the command line says about resuming.
struct ResumeOptions {
  std::string from;                     ///< --resume: "", "auto" or a path
  std::vector<std::string> may_change;  ///< --allow-change keys
};

/// What a run goes on from.
struct Resumption {
  bool asked = false;                            ///< --resume was given
  std::shared_ptr<const Checkpoint> checkpoint;  ///< null: the run starts at its beginning
  Critical critical;                             ///< of the present case
  std::vector<std::string> changed;              ///< critical keys with another value, all allowed
  std::vector<std::string> words;                ///< for the log
  std::vector<std::string> warnings;
  [[nodiscard]] bool has_changed(const std::string& key) const;
  /// Some key of this table has.
  [[nodiscard]] bool has_changed_in(const std::string& table) const;
};

/// Everything of a case that decides what a run computes: all keys but those of `title`, [run] and
/// [checkpoint], the content of the files they name, and the options for PETSc that do more than
/// show something. Root's files are read; collective.
Critical critical_parameters(const Comm& comm, const Case& c,
                             const std::vector<std::pair<std::string, std::string>>& petsc);

/// Looks for the checkpoint. `auto`: the newest good one in folder/checkpoints, or none. A path may
/// be that of either file of a checkpoint or their stem, or of a folder of checkpoints or of a run.
/// Throws InputError where the path leads nowhere or the case has changed, naming every change;
/// IoError where the checkpoint asked for is damaged. Collective.
Resumption find_resumption(const Comm& comm, const Case& c, Critical critical,
                           const ResumeOptions& options, const std::filesystem::path& folder);

}  // namespace otto
