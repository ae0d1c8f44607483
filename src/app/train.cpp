// `otto train`: from a case with [data] to an energy.

#include <fmt/format.h>

#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/core/error.h"
#include "otto/driver/particle_training.h"
#include "otto/driver/trainer.h"

namespace otto {

namespace {

/// An energy is learned from its equilibrium, which has no current, and loses and gains nothing.
void refuse_dynamics(const Case& c) {
  for (const char* table : {"diffusion", "drift", "reaction", "boundary", "boundary.value",
                            "boundary.robin", "mobility"}) {
    const Section section = c.section(table);
    if (!section.present()) continue;
    throw InputError(fmt::format(
        "{}: 'otto train' learns the energy of an equilibrium and takes no [{}]; remove the table",
        section.where(""), table));
  }
}

}  // namespace

int train_command(const RunOptions& options) {
  const Comm world = command_comm();
  const Case c = case_of(world, options);
  refuse_dynamics(c);
  const PetscOptions petsc = hand_petsc_options(c, options);
  const std::filesystem::path folder = output_folder(options);
  // Before anything of an earlier run is touched.
  Resumption resumption =
      find_resumption(world, c, critical_parameters(world, c, petsc), options.resume, folder);
  if (trains_particles(c)) {
    return static_cast<int>(train_particles(world, c, folder, std::move(resumption)));
  }
  return static_cast<int>(train(world, c, folder, std::move(resumption)));
}

}  // namespace otto
