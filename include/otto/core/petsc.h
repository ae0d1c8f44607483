#pragma once
// Start and stop of MPI and PETSc, and the options a user hands to PETSc. No PETSc header here.

#include <string>
#include <utility>
#include <vector>

namespace otto {

/// MPI and PETSc run while one of these lives. PETSc never sees the program's own arguments.
class PetscSession {
 public:
  PetscSession();
  ~PetscSession();
  PetscSession(const PetscSession&) = delete;
  PetscSession& operator=(const PetscSession&) = delete;
};

/// Hands options to PETSc: names without the leading dash. Collective.
void set_petsc_options(const std::vector<std::pair<std::string, std::string>>& options);
/// Parses "-name value -flag ..." words. Throws InputError on a word without an option before it.
std::vector<std::pair<std::string, std::string>> parse_petsc_words(
    const std::vector<std::string>& words);
/// "3.18.5".
std::string petsc_version();
/// The options among `options` that nothing has asked for yet.
std::vector<std::string> unused_petsc_options(
    const std::vector<std::pair<std::string, std::string>>& options);

}  // namespace otto
