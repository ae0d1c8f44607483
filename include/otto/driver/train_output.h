#pragma once
// Everything `otto train` leaves in its folder: energy.pt, history.csv, summary.json, final.h5,
// log.txt, case.resolved.toml and checkpoints, and when it is asked to stop.

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "otto/driver/network_files.h"
#include "otto/driver/resume.h"
#include "otto/io/checkpoint.h"
#include "otto/io/field_series.h"
#include "otto/io/log.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// One row of history.csv.
struct TrainRow {
  long iteration = 0;
  double kl = 0, gradient_norm = 0, step = 0, tau = 0;
  int cg_iterations = 0;
  long poisson_solves = 0, poisson_iterations = 0;
  double seconds = 0;
  std::optional<double> heldout =
      std::nullopt;  ///< held-out log-likelihood, where it was looked at
};

class TrainOutput {
 public:
  /// The network as files of these names; called on the root rank.
  using NetworkFiles = std::function<std::vector<NamedBytes>()>;

  /// Answers signals from now on; what becomes of earlier results in the folder run_folder.h tells:
  /// an iteration stands for a step. Collective; throws IoError naming the folder or file.
  TrainOutput(const Comm& comm, const Case& c, std::filesystem::path folder, Resumption resumption);
  ~TrainOutput();
  TrainOutput(const TrainOutput&) = delete;
  TrainOutput& operator=(const TrainOutput&) = delete;

  [[nodiscard]] Log& log();
  [[nodiscard]] const std::shared_ptr<const Checkpoint>& checkpoint() const;
  /// Restores what `remember` names where the run is resumed. `parameters`: of the network;
  /// `heldout`: history.csv has a column of the held-out log-likelihood. Collective.
  void start(const Mesh& mesh, std::int64_t parameters, bool heldout, const Remember& remember,
             NetworkFiles files);
  /// Writes the row and says how it goes. `last`: no more rows will come. True: stop here (a
  /// signal, or the wall time). Writes a checkpoint where one is due. Collective; throws IoError.
  bool add(const TrainRow& row, long of, bool last);
  /// Writes the network's files, final.h5 with `fields` (density first), and summary.json with `train`.
  /// Collective; throws IoError.
  ExitStatus finish(std::span<const NamedField> fields, const nlohmann::ordered_json& train);
  /// Leaves a summary.json with status "failed". Any rank, alone or together; never throws.
  void fail(const std::exception& error) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
