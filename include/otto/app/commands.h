#pragma once
// The commands: one short function each, all collective. They return the exit status.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/driver/host.h"
#include "otto/driver/particle_commands.h"
#include "otto/driver/resume.h"

namespace otto {

/// Arguments of `otto run` and `otto check`.
struct RunOptions {
  std::filesystem::path case_file;
  std::filesystem::path output;          ///< -o DIR; see output_folder
  std::vector<std::string> settings;     ///< --set words
  std::vector<std::string> petsc_words;  ///< after --
  ResumeOptions resume = {};             ///< --resume, --allow-change
  bool quiet = false;                    ///< nothing on the screen but warnings
  /// The case itself, where a host program has it; file names in it are relative to case_file's folder.
  std::optional<std::string> text = {};
  std::shared_ptr<const Host> host = {};  ///< what it adds, or null
};

/// The communicator of the commands: MPI_COMM_WORLD unless a host program has chosen another.
Comm command_comm();
void set_command_comm(MPI_Comm comm);
/// The case of these options under `settings`. Collective; throws InputError.
Case case_of(const Comm& comm, const RunOptions& options, std::span<const std::string> settings);
inline Case case_of(const Comm& comm, const RunOptions& options) {
  return case_of(comm, options, options.settings);
}

/// Arguments of `otto distance`.
struct DistanceOptions {
  std::filesystem::path first, second;            ///< the two densities
  std::filesystem::path output = "out/distance";  ///< -o DIR
  int intervals = 32;
  double tolerance = 2e-3;
  int max_iterations = 5000;
};

/// Arguments of `otto converge` alone.
struct ConvergeOptions {
  int levels = 4;
  std::string refine = "both";          ///< "space", "time" or "both"
  double target = 0;                    ///< L1 error to be reached at least cost; 0: none
  int step_power = 1;                   ///< with "both": the step is divided by 2^power per level
  std::vector<std::string> norms = {};  ///< beyond l1, l2 and linf (analysis/norms.h)
};

/// A key of the case and the values it takes in a sweep, as they would stand after --set KEY=.
struct SweepAxis {
  std::string key;
  std::vector<std::string> values;
};
/// More would be a mistake in a COUNT.
inline constexpr int max_sweep_runs = 100000;

/// Arguments of `otto sweep` alone.
struct SweepOptions {
  std::vector<SweepAxis> axes;  ///< --over; the runs are their product
  int jobs = 1;                 ///< runs at a time
};

/// Arguments of `otto new`.
struct NewOptions {
  std::string name;  ///< of the folder that is made
  std::string from =
      "muller_brown";  ///< --from: a case that goes with the program, or the path of one
};

/// -o DIR where given; else out/NAME in the current folder, NAME being the case file's stem, or
/// its folder's name where the file is called case.toml.
std::filesystem::path output_folder(const RunOptions& options);

int run_command(const RunOptions& options);
int train_command(const RunOptions& options);
int fit_command(const RunOptions& options);
int check_command(const RunOptions& options);
int distance_command(const DistanceOptions& options);
int sample_command(const SampleRequest& request);
int likelihood_command(const LikelihoodRequest& request);
int converge_command(const RunOptions& options, const ConvergeOptions& study);
int sweep_command(const RunOptions& options, const SweepOptions& sweep);
/// `count` slowest modes.
int spectrum_command(const RunOptions& options, int count);
/// `draft` of JSON Schema, 4 or 2020; the reference page instead where `markdown`.
int schema_command(bool markdown, int draft);
int new_command(const NewOptions& options);
int demo_command(const std::filesystem::path& output);
int explain_command(const std::string& word);
int info_command();

/// Reads the command line and runs its command. Collective.
int run_program(int argc, char** argv);

/// Prints on rank 0; throws IoError where standard output does not take it.
void print_once(const std::string& text);

}  // namespace otto
