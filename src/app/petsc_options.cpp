#include "otto/app/petsc_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "otto/core/error.h"
#include "otto/core/petsc.h"

namespace otto {

PetscOptions petsc_options(const Case& c, const RunOptions& run) {
  PetscOptions options = c.section("petsc").entries();
  for (auto& option : parse_petsc_words(run.petsc_words)) options.push_back(std::move(option));
  return options;
}

PetscOptions hand_petsc_options(const Case& c, const RunOptions& run) {
  PetscOptions options = petsc_options(c, run);
  set_petsc_options(options);
  return options;
}

void refuse_left_over(const PetscOptions& options) {
  if (options.empty()) return;
  const auto unused = unused_petsc_options(options);
  if (unused.empty()) return;
  throw InputError(fmt::format(
      "PETSc option -{}: nothing in this run uses it; check its spelling in [petsc] or after --",
      fmt::join(unused, ", -")));
}

}  // namespace otto
