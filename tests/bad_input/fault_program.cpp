// Fails the way the first argument says, on the rank the second one names, through the same exit as
// the program itself. Used by test_last_resort.py.

#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "otto/app/last_resort.h"
#include "otto/core/comm.h"
#include "otto/core/petsc.h"

namespace {

void fail_as(const std::string& kind, int rank) {
  const otto::Comm world;
  const auto here = [&] { return world.rank() == rank; };
  const std::string who = "fault on rank " + std::to_string(world.rank());
  if (kind == "alone" && here()) throw otto::NumericalError(who);  // the others wait in a sum
  if (kind == "at_the_end" && here()) throw otto::IoError(who);    // the others are done
  if (kind == "everyone") throw otto::InputError("fault everywhere");
  if (kind == "together") {
    world.together([&] {
      if (here()) throw otto::IoError(who);
    });
  }
  if (kind == "memory_in_a_thread") std::thread([] { throw std::bad_alloc(); }).join();
  if (kind == "defect_in_a_thread") std::thread([] { throw std::logic_error("a broken invariant"); }).join();
  if (kind == "terminated") std::terminate();
  if (kind == "memory") throw std::bad_alloc();
  if (kind == "defect") throw std::logic_error("a broken invariant");
  if (kind == "alone") static_cast<void>(world.sum(1.0));
}

}  // namespace

int main(int argc, char** argv) {
  const otto::PetscSession session;
  const otto::LastResort last_resort;
  try {
    fail_as(argc > 1 ? argv[1] : "", argc > 2 ? std::atoi(argv[2]) : 0);
    return 0;
  } catch (const std::exception& e) {
    return last_resort.report(e);
  }
}
