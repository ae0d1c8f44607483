// `otto run`: from a case to a folder of results.

#include <utility>

#include "otto/app/accuracy.h"
#include "otto/app/analyse.h"
#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/app/setup.h"
#include "otto/core/fault.h"
#include "otto/driver/run_output.h"

namespace otto {

namespace {

/// Refuses options that nothing has asked for once the first step has been made.
class LeftOverOptions final : public Monitor {
 public:
  explicit LeftOverOptions(PetscOptions options) : options_(std::move(options)) {}

  bool after_step(const State&, const StepRecord& record) override {
    if (record.step == 0 || options_.empty()) return true;
    refuse_left_over(std::exchange(options_, {}));
    return true;
  }

 private:
  PetscOptions options_;
};

}  // namespace

int run_command(const RunOptions& options) {
  const Comm world = command_comm();
  const Case c = case_of(world, options);
  fault_point("case");
  check_output(c);
  const PetscOptions petsc = hand_petsc_options(c, options);
  const std::filesystem::path folder = output_folder(options);
  // Before anything of an earlier run is touched.
  Resumption resumption =
      find_resumption(world, c, critical_parameters(world, c, petsc), options.resume, folder);
  RunOutput output(world, c, folder, std::move(resumption), options.quiet);
  try {
    Setup setup(world, c, options.host.get());
    analyse(setup, output);
    LoopState loop;
    std::vector<std::unique_ptr<Monitor>> monitors;
    monitors.push_back(std::make_unique<LeftOverOptions>(petsc));
    if (options.host && options.host->monitor) {
      monitors.push_back(options.host->monitor(setup.mesh));
    }
    output.watch({c, setup.times, setup.problem, *setup.stepper, setup.state, loop}, monitors);
    const RunOutcome outcome =
        simulate(setup.times, setup.problem, *setup.stepper, setup.state, loop, monitors);
    estimate_error(setup, options, outcome, output);
    return static_cast<int>(output.finish(setup.problem, setup.state, outcome));
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
