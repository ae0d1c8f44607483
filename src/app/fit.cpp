// `otto fit`: from snapshots of a population to its energy.

#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/driver/fitter.h"

namespace otto {

int fit_command(const RunOptions& options) {
  const Comm world = command_comm();
  const Case c = case_of(world, options);
  const PetscOptions petsc = hand_petsc_options(c, options);
  const std::filesystem::path folder = output_folder(options);
  // Before anything of an earlier fit is touched.
  Resumption resumption =
      find_resumption(world, c, critical_parameters(world, c, petsc), options.resume, folder);
  return static_cast<int>(fit(world, c, folder, std::move(resumption)));
}

}  // namespace otto
