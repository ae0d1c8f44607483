#pragma once
// The border between Python and Otto: the session, one call at a time, and exceptions both ways.
//
// An exception of a Python function that Otto calls is kept on its rank and becomes an Error, on which all
// ranks agree as they do on errors of Otto's own (Comm::together); at the border the kept one is raised again
// there, and CallbackError on the other ranks.

#include <mpi.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "otto/app/last_resort.h"
#include "otto/core/comm.h"
#include "otto/core/error.h"
#include "otto/core/petsc.h"

namespace otto::python {

namespace py = pybind11;

/// The status of an Error that stands for an exception of a Python function.
inline constexpr auto raised_by_python = static_cast<ExitStatus>(100);

/// Starts MPI and PETSc where they do not run. Once per process.
void start_session();
/// Stops what start_session() has started; nothing is called after that.
void end_session();

/// 0: all ranks; else the handle of a communicator as mpi4py gives it. Throws InputError where it is closed.
Comm comm_of(std::intptr_t handle);

/// Runs `f`, which calls Python, with the interpreter's lock; keeps what Python raises and throws an Error in its
/// place. KeyboardInterrupt asks the run to stop and is no failure where `may_stop`.
void call_python(const std::function<void()>& f, bool may_stop = false);
/// The run in progress is to stop after this step. Local.
void ask_to_stop();

/// One call from Python, from its beginning to its end. Everything Otto does happens between enter() and the
/// destructor.
class Call {
 public:
  explicit Call(const Comm& comm);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Raises what has been thrown, in Python's terms, the same on every rank. Where a rank failed alone and the others
  /// wait for it elsewhere, ends all ranks. Needs the interpreter's lock.
  [[noreturn]] void raise(const std::exception& error) const;
  /// After a run that stopped on request: KeyboardInterrupt, on every rank, where that was the request. Collective.
  void raise_interrupt() const;

 private:
  Comm comm_;
  PetscCalls petsc_;
  std::unique_ptr<LastResort> last_resort_;  ///< null on one rank
};

/// Whoever owns what PETSc or MPI must outlive: released by end_session(), as Python may keep objects until later.
class Owner;
std::set<Owner*>& owners();
class Owner {
 public:
  Owner() { owners().insert(this); }
  virtual ~Owner() { owners().erase(this); }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  virtual void release() = 0;
};
template <class T>
class Owned final : public Owner {
 public:
  explicit Owned(std::unique_ptr<T> value) : value_(std::move(value)) {}
  [[nodiscard]] T& get() const {
    if (!value_)
      throw InternalError("otto: MPI has been stopped; nothing can be computed any more");
    return *value_;
  }
  void release() override { value_.reset(); }

 private:
  std::unique_ptr<T> value_;
};
/// f() as a call, without the interpreter's lock.
template <class F>
auto called(const Comm& comm, F f) {
  const Call call(comm);
  try {
    const py::gil_scoped_release others_may_run;
    return f();
  } catch (const std::exception& error) {
    call.raise(error);
  }
}

/// The exceptions of package otto, for `called` and all functions of the module.
void register_errors();
/// "Where lines go": a Python function of (line, warning), or None for nowhere.
void set_python_screen(const py::object& show);

}  // namespace otto::python
