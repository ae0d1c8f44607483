#pragma once
// Everything a run leaves in its folder:
//
//   RunOutput output(comm, c, folder, resumption);
//   ... mesh, energy, stepper, initial state ...
//   output.watch({c, times, problem, stepper, state, loop}, monitors);
//   const RunOutcome outcome = simulate(times, problem, stepper, state, loop, monitors);
//   return output.finish(problem, state, outcome);
//
// and output.fail(error) where one of these threw. What becomes of an earlier run in the folder, and
// when, run_folder.h tells.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "otto/driver/resume.h"
#include "otto/driver/simulation.h"
#include "otto/io/log.h"

namespace otto {

/// Throws InputError at the key where [output] asks for what this build cannot write. Not
/// collective.
void check_output(const Case& c);

/// What moves in a run; all of it outlives the monitors.
struct RunParts {
  const Case& c;
  const TimeOptions& times;
  const Problem& problem;
  Stepper& stepper;
  State& state;
  LoopState& loop;
};

class RunOutput {
 public:
  /// Answers signals from now on; where the folder holds no results, makes it with
  /// case.resolved.toml and log.txt. Collective; throws InputError (see check_output) or IoError
  /// naming the folder or file.
  RunOutput(const Comm& comm, const Case& c, std::filesystem::path folder,
            Resumption resumption = {}, bool quiet = false);
  ~RunOutput();
  RunOutput(const RunOutput&) = delete;
  RunOutput& operator=(const RunOutput&) = delete;

  [[nodiscard]] Log& log();
  [[nodiscard]] const std::filesystem::path& folder() const;
  /// Opens the folder now: for commands without a time loop, once nothing can fail but the writing.
  /// Collective; throws IoError.
  void open();
  /// Adds the monitors that record, show and stop the run, and restores state, loop and stepper
  /// where it is resumed. Collective; throws IoError, and InputError where the checkpoint does not
  /// fit.
  void watch(const RunParts& run, std::vector<std::unique_ptr<Monitor>>& monitors);
  /// Further cell fields of final.h5 and, where added before watch(), of the series (owned values),
  /// and entries of summary.json, before finish().
  void add_final_field(std::string name, std::vector<double> values);
  nlohmann::ordered_json& summary_extra();
  /// Writes final.h5 and summary.json; says how the run went. Returns `done` or `stopped`.
  /// Collective; throws IoError.
  ExitStatus finish(const Problem& problem, const State& state, const RunOutcome& outcome);
  /// For commands without a time loop: summary.json with the mesh and the extra entries.
  /// Collective; throws IoError.
  ExitStatus finish(const Mesh& mesh);
  /// Leaves a summary.json with status "failed" and the reason, and closes the log. Every rank may
  /// call it, alone or together; never throws.
  void fail(const std::exception& error) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
