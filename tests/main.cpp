// Runs GoogleTest inside MPI and PETSc. A failure on any rank fails the run.

#include <gtest/gtest.h>

#include <iostream>

#include "otto/core/comm.h"
#include "otto/core/petsc.h"

namespace {

/// Says what failed on a rank that otherwise keeps quiet.
class Failures final : public testing::EmptyTestEventListener {
 public:
  explicit Failures(int rank) : rank_(rank) {}
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::cerr << "[rank " << rank_ << "] " << (result.file_name() ? result.file_name() : "") << ":"
              << result.line_number() << "\n"
              << result.message() << std::endl;
  }

 private:
  int rank_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const otto::PetscSession session;
  const otto::Comm world;
  if (!world.is_root()) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new Failures(world.rank()));
  }
  return world.any(RUN_ALL_TESTS() != 0) ? 1 : 0;
}
