// `otto run`: from a case to a folder of results.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "otto/app/commands.h"
#include "otto/app/setup.h"
#include "otto/core/fault.h"
#include "otto/core/petsc.h"
#include "otto/io/run_output.h"

namespace otto {

namespace {

using PetscOptions = std::vector<std::pair<std::string, std::string>>;

/// Refuses options that nothing has asked for once the first step has been made.
class LeftOverOptions final : public Monitor {
 public:
  explicit LeftOverOptions(PetscOptions options) : options_(std::move(options)) {}

  bool after_step(const State&, const StepRecord& record) override {
    if (record.step == 0 || options_.empty()) return true;
    const auto unused = unused_petsc_options(options_);
    options_.clear();
    if (unused.empty()) return true;
    throw InputError(fmt::format(
        "PETSc option -{}: nothing in this run uses it; check its spelling in [petsc] or after --",
        fmt::join(unused, ", -")));
  }

 private:
  PetscOptions options_;
};

/// Options of the case's [petsc] table, then those of the command line, which win.
PetscOptions petsc_options(const Case& c, const RunOptions& run) {
  PetscOptions options = c.section("petsc").entries();
  for (auto& option : parse_petsc_words(run.petsc_words)) options.push_back(std::move(option));
  set_petsc_options(options);
  return options;
}

}  // namespace

int run_command(const RunOptions& options) {
  const Comm world;
  const Case c = read_case(world, options.case_file, options.settings);
  fault_point("case");
  check_output(c);
  const PetscOptions petsc = petsc_options(c, options);
  const std::filesystem::path folder = output_folder(options);
  // Before anything of an earlier run is touched.
  Resumption resumption =
      find_resumption(world, c, critical_parameters(world, c, petsc), options.resume, folder);
  RunOutput output(world, c, folder, std::move(resumption));
  try {
    Setup setup(world, c);
    LoopState loop;
    std::vector<std::unique_ptr<Monitor>> monitors;
    monitors.push_back(std::make_unique<LeftOverOptions>(petsc));
    output.watch({setup.problem, *setup.stepper, setup.state, loop}, monitors);
    const RunOutcome outcome = simulate(setup.problem, *setup.stepper, setup.state, loop, monitors);
    return static_cast<int>(output.finish(setup.problem, setup.state, outcome));
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
