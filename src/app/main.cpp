// The door: one session, one command, one place where failures become exit statuses.

#include <exception>

#include "otto/app/commands.h"
#include "otto/app/last_resort.h"
#include "otto/core/petsc.h"

int main(int argc, char** argv) {
  const otto::PetscSession session;
  const otto::LastResort last_resort;
  try {
    return otto::run_program(argc, argv);
  } catch (const std::exception& e) {
    return last_resort.report(e);
  }
}
