#pragma once
// Start and stop of MPI and PETSc, and the options a user hands to PETSc. No PETSc header here.

#include <string>
#include <utility>
#include <vector>

namespace otto {

/// MPI and PETSc run while one of these lives. PETSc never sees the program's own arguments.
class PetscSession {
 public:
  /// `guest`: in a program of its own right, whose signals, environment, MPI and PETSc, where they run already, are
  /// left as they are; errors of PETSc are caught where a PetscCalls lives.
  explicit PetscSession(bool guest = false);
  ~PetscSession();
  PetscSession(const PetscSession&) = delete;
  PetscSession& operator=(const PetscSession&) = delete;

 private:
  bool guest_, started_ = false;
};

/// While one lives, PETSc hands its errors to Otto and to nobody else, and the options it is given are withdrawn at
/// the end. For guests, around every command.
class PetscCalls {
 public:
  PetscCalls();
  ~PetscCalls();
  PetscCalls(const PetscCalls&) = delete;
  PetscCalls& operator=(const PetscCalls&) = delete;
};

/// Hands options to PETSc: names without the leading dash. Collective.
void set_petsc_options(const std::vector<std::pair<std::string, std::string>>& options);
/// Parses "-name value -flag ..." words. Throws InputError on a word without an option before it.
std::vector<std::pair<std::string, std::string>> parse_petsc_words(
    const std::vector<std::string>& words);
/// The whole numbers a user gave ("-box_ranks 2,1,3"); none: the option was not given.
std::vector<int> petsc_integers(const std::string& option);
/// "3.18.5".
std::string petsc_version();
/// The options among `options` that nothing has asked for yet.
std::vector<std::string> unused_petsc_options(
    const std::vector<std::pair<std::string, std::string>>& options);

}  // namespace otto
