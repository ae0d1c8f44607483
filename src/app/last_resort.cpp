#include "otto/app/last_resort.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>

namespace otto {

namespace {

void print(const char* message) {
  std::fflush(stdout);
  std::fprintf(stderr, "otto: %s\n", message);
  std::fflush(stderr);
}

/// An exception that left a thread, a library's start or what may not throw, or none: no rank can go
/// on, and nothing is known to work any more but printing.
[[noreturn]] void tell_and_end() {
  int status = static_cast<int>(ExitStatus::internal);
  try {
    if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
    print("internal error: ended by one of its libraries; please report it with the case that shows it");
  } catch (const std::bad_alloc&) {  // the words of as_error would need memory
    print("not enough memory, also for an orderly end; use fewer cells, or more ranks on more machines");
    status = static_cast<int>(ExitStatus::bad_input);
  } catch (const std::exception& e) {
    const Error error = as_error(e);
    print(error.what());
    status = static_cast<int>(error.status());
  } catch (...) {
    print("internal error: something that is no exception was thrown; please report it with the case that shows it");
  }
  std::_Exit(status);
}

}  // namespace

LastResort::LastResort(MPI_Comm comm) {
  std::set_terminate(tell_and_end);
  MPI_Comm_dup(comm, &meeting_);
  MPI_Comm_rank(meeting_, &rank_);
  MPI_Comm_size(meeting_, &size_);
}

LastResort::~LastResort() { MPI_Comm_free(&meeting_); }

// A barrier on a communicator of its own: it completes only if every rank comes here.
bool LastResort::everyone_failed() const {
  using namespace std::chrono;
  // Ranks give up one after the other, so that the first one's message is the only one.
  const auto patience = seconds(3) + milliseconds(200) * std::min(rank_, 10);
  const auto start = steady_clock::now();
  MPI_Request request;
  MPI_Ibarrier(meeting_, &request);
  for (int done = 0; steady_clock::now() - start < patience;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

int LastResort::report(const std::exception& e) const {
  const Error error = as_error(e);
  int status = static_cast<int>(error.status());
  if (size_ > 1 && !error.agreed()) {
    if (!everyone_failed()) {
      print(error.what());
      MPI_Abort(MPI_COMM_WORLD, status);
    }
    MPI_Bcast(&status, 1, MPI_INT, 0, meeting_);
  }
  if (rank_ == 0) print(error.what());
  return status;
}

}  // namespace otto
