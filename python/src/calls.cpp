#include "calls.h"

#include <chrono>
#include <exception>
#include <optional>

#include "otto/app/commands.h"
#include "otto/core/caution.h"
#include "otto/driver/run_folder.h"
#include "otto/driver/stop_guard.h"
#include "otto/io/log.h"

namespace otto::python {

namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<PetscSession> session;
bool ended = false;
std::optional<py::error_already_set> kept;  // what Python raised on this rank in the present call
bool stopping = false;
py::object screen;

bool is_interrupt(const py::error_already_set& e) { return e.matches(PyExc_KeyboardInterrupt); }

/// The last line of a traceback, "ValueError: ...".
std::string words_of(const py::error_already_set& e) {
  const std::string type = py::str(e.type().attr("__name__"));
  const std::string value = e.value() ? std::string(py::str(e.value())) : "";
  return value.empty() ? type : type + ": " + value;
}

py::object error_class(const char* name) { return py::module_::import("otto.errors").attr(name); }

const char* class_name(ExitStatus status) {
  if (status == raised_by_python) return "CallbackError";
  switch (status) {
    case ExitStatus::bad_input:
      return "InputError";
    case ExitStatus::numerical:
      return "NumericalError";
    case ExitStatus::io:
      return "IOError_";
    default:
      return "InternalError";
  }
}

/// What other ranks are told: Otto's own exceptions keep their kind.
Error error_of(const py::error_already_set& e) {
  for (const ExitStatus status : {ExitStatus::bad_input, ExitStatus::numerical, ExitStatus::io}) {
    if (e.matches(error_class(class_name(status)))) return {status, py::str(e.value())};
  }
  return {raised_by_python, words_of(e)};
}

/// Asked after every step; looks at Python's signals a few times a second.
bool asked_to_stop() {
  static Clock::time_point looked;
  constexpr std::chrono::milliseconds interval(50);
  if (stopping || Clock::now() - looked < interval) return stopping;
  looked = Clock::now();
  const py::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) {
    kept.emplace();
    stopping = true;
  }
  return stopping;
}

void set_error(const Error& error) {
  const py::object type = error_class(class_name(error.status()));
  PyErr_SetObject(type.ptr(), type(error.what()).ptr());
}

}  // namespace

std::set<Owner*>& owners() {
  static std::set<Owner*> all;
  return all;
}

void start_session() {
  if (ended) throw InternalError("otto: MPI has been stopped; nothing can be computed any more");
  if (session) return;
  session = std::make_unique<PetscSession>(true);
  leave_signals_to_host(asked_to_stop);
}

void end_session() {
  ended = true;
  for (Owner* owner : std::exchange(owners(), {})) owner->release();
  kept.reset();
  screen = py::object();
  set_screen([](const std::string&, bool) {});
  session.reset();
}

Comm comm_of(std::intptr_t handle) {
  start_session();
  if (handle == 0) return Comm(MPI_COMM_WORLD);
  const auto comm = (MPI_Comm)handle;
  if (comm == MPI_COMM_NULL) {
    throw InputError("comm: this communicator has been closed, or this rank is not in it");
  }
  return Comm(comm);
}

void call_python(const std::function<void()>& f, bool may_stop) {
  const py::gil_scoped_acquire lock;
  try {
    f();
  } catch (py::error_already_set& e) {
    if (!kept) kept.emplace(e);
    stopping = stopping || is_interrupt(e);
    if (may_stop && is_interrupt(e)) return;
    throw error_of(e);
  }
}

void ask_to_stop() { stopping = true; }

Call::Call(const Comm& comm) : comm_(comm) {
  kept.reset();
  stopping = false;
  (void)take_cautions();
  restart_program_clock();
  set_command_comm(comm.handle());
  if (comm.size() > 1) last_resort_ = std::make_unique<LastResort>(comm.handle());
}

Call::~Call() { set_command_comm(MPI_COMM_WORLD); }

void Call::raise(const std::exception& exception) const {
  const Error error = as_error(exception);
  if (last_resort_ && !error.agreed()) {
    bool all = false;
    {
      const py::gil_scoped_release others_may_run;
      all = last_resort_->everyone_failed();
    }
    if (!all) {
      std::fprintf(stderr, "otto: %s\n", error.what());
      MPI_Abort(comm_.handle(), static_cast<int>(error.status()));
    }
  }
  if (kept) throw py::error_already_set(*std::exchange(kept, std::nullopt));
  set_error(error);
  throw py::error_already_set();
}

void Call::raise_interrupt() const {
  const bool mine = kept && is_interrupt(*kept);
  if (!comm_.any(mine)) return;
  if (mine) throw py::error_already_set(*std::exchange(kept, std::nullopt));
  PyErr_SetString(PyExc_KeyboardInterrupt, "another rank was interrupted");
  throw py::error_already_set();
}

void register_errors() {
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& error) {
      set_error(error);
    }
  });
}

void set_python_screen(const py::object& show) {
  screen = show;
  set_screen([](const std::string& line, bool warning) {
    const py::gil_scoped_acquire lock;
    if (screen.is_none()) return;
    try {
      screen(line, warning);
    } catch (py::error_already_set& e) {
      e.discard_as_unraisable("showing a line of Otto");
    }
  });
}

}  // namespace otto::python
