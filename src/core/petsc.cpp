#include "otto/core/petsc.h"

#include <petscsys.h>

#include <cctype>
#include <cstdlib>

#include "otto/core/error.h"
#include "otto/core/petsc_check.h"

namespace otto {

PetscSession::PetscSession() {
  // A run that mpirun did not start needs no helper process: Open MPI starts 0.3 s sooner without.
  setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  check(PetscOptionsSetValue(nullptr, "-no_signal_handler", "1"));  // Otto answers signals itself
  check(PetscInitializeNoArguments());
  check(PetscPushErrorHandler(PetscIgnoreErrorHandler, nullptr));  // check() reports instead
}

PetscSession::~PetscSession() { PetscFinalize(); }

void set_petsc_options(const std::vector<std::pair<std::string, std::string>>& options) {
  for (const auto& [name, value] : options) {
    check(PetscOptionsSetValue(nullptr, ("-" + name).c_str(),
                               value.empty() ? nullptr : value.c_str()));
  }
}

std::vector<std::pair<std::string, std::string>> parse_petsc_words(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> options;
  for (const std::string& word : words) {
    const bool is_name = word.size() > 1 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1]));
    if (is_name) {
      options.emplace_back(word.substr(1), "");
    } else if (options.empty() || !options.back().second.empty()) {
      throw InputError("command line: '" + word + "' after -- is not a PETSc option; " +
                       "write options as -name value");
    } else {
      options.back().second = word;
    }
  }
  return options;
}

std::string petsc_version() {
  PetscInt major = 0, minor = 0, subminor = 0;
  check(PetscGetVersionNumber(&major, &minor, &subminor, nullptr));
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(subminor);
}

std::vector<std::string> unused_petsc_options(
    const std::vector<std::pair<std::string, std::string>>& options) {
  std::vector<std::string> unused;
  for (const auto& [name, value] : options) {
    PetscBool used = PETSC_FALSE;
    check(PetscOptionsUsed(nullptr, name.c_str(), &used));
    if (!used) unused.push_back(name);
  }
  return unused;
}

}  // namespace otto
