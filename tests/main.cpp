// Runs GoogleTest inside MPI and PETSc. A failure on any rank fails the run.

#include <gtest/gtest.h>

#include "otto/core/comm.h"
#include "otto/core/petsc.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const otto::PetscSession session;
  const otto::Comm world;
  if (!world.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  return world.any(RUN_ALL_TESTS() != 0) ? 1 : 0;
}
