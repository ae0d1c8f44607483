#pragma once
// The parts of `otto sweep`: axes, runs, table, processes.

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "otto/app/commands.h"
#include "otto/core/error.h"

namespace otto {

/// The axis that `--over KEY=START:END:COUNT[:log]` or `--over KEY=A,B,C` asks for: COUNT values
/// with equal differences (log: ratios), both ends included, or those listed (commas within
/// brackets belong to a value). Throws InputError.
SweepAxis parse_sweep_axis(const std::string& words);

/// One point of the grid that the axes span.
struct SweepRun {
  std::vector<std::string> values;    ///< one for each axis
  std::vector<std::string> settings;  ///< KEY=VALUE, one for each axis
  std::string name;                   ///< of its folder: "temperature=0.2,step=0.01"
  bool resumable = false;             ///< its folder holds a part of this very run
  std::string status = {};            ///< "completed", "stopped", "failed"; "" before it ran
  std::string reason = {};            ///< of a stop or failure
  nlohmann::ordered_json summary = {};
};

/// All points, the last axis running fastest. A key is named by its last word in the folder's name
/// where that is the only one of its kind.
std::vector<SweepRun> sweep_runs(const std::vector<SweepAxis>& axes);

/// Takes status, reason and figures from the text of a summary.json.
void read_sweep_summary(SweepRun& run, const std::string& text);

/// One row per run: `run`, the keys, `status`, and every number of the summaries under its dotted
/// name (`energy.final`).
std::string sweep_csv(const std::vector<SweepAxis>& axes, const std::vector<SweepRun>& runs);
/// The same for a reader: the keys, the status and those figures that differ between the runs.
std::string sweep_markdown(const std::string& title, const std::vector<SweepAxis>& axes,
                           const std::vector<SweepRun>& runs);

/// This process was started by mpirun (or a batch system's launcher), so that it cannot start
/// further MPI programs by itself.
bool started_by_launcher();

/// Runs `otto` with each of the argument lists, at most `jobs` at a time, their screens discarded;
/// `done` gets of each one that has ended the number, the exit status and the reason it told, "" if none. Once
/// `stopping` is true the running ones are asked to stop (SIGTERM) and no other is started. They die with this
/// process. Throws IoError where none can be started.
void run_processes(const std::vector<std::vector<std::string>>& arguments, int jobs,
                   const std::function<bool()>& stopping,
                   const std::function<void(std::size_t, int, const std::string&)>& done);

}  // namespace otto
