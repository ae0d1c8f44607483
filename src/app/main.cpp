// The program: one session, one command, and the one place where failures become exit statuses.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string_view>

#include "otto/app/commands.h"
#include "otto/app/last_resort.h"
#include "otto/core/petsc.h"
#include "otto/driver/stop_guard.h"

int main(int argc, char** argv) {
  std::error_code gone;
  (void)std::filesystem::current_path(gone);
  if (gone) {  // MPI and PETSc would abort
    std::fputs("otto: the working folder has been removed; change into one that exists\n", stderr);
    return 4;
  }
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run" || command == "train" || command == "fit" || command == "distance" ||
      command == "sweep" || command == "demo") {
    otto::note_stop_signals();
  }
  const otto::PetscSession session;
  const otto::LastResort last_resort;
  try {
    return otto::run_program(argc, argv);
  } catch (const std::exception& e) {
    return last_resort.report(e);
  }
}
