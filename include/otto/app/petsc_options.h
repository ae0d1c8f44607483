#pragma once
// The user's options for PETSc: those of the case's [petsc] table, then those of the command line.

#include <string>
#include <utility>
#include <vector>

#include "otto/app/commands.h"
#include "otto/casefile/case.h"

namespace otto {

using PetscOptions = std::vector<std::pair<std::string, std::string>>;

/// All of them; of two with one name the last wins. Throws InputError.
PetscOptions petsc_options(const Case& c, const RunOptions& run);
/// Hands them to PETSc as well.
PetscOptions hand_petsc_options(const Case& c, const RunOptions& run);
/// Throws InputError naming the options that nothing has asked for by now.
void refuse_left_over(const PetscOptions& options);

}  // namespace otto
