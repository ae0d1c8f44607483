// A run whose loop stands in Python: one accepted step at a time, the density replaceable in between.

#include <memory>
#include <optional>
#include <utility>

#include "calls.h"
#include "cells.h"
#include "commands.h"
#include "host_parts.h"
#include "otto/app/petsc_options.h"
#include "otto/app/setup.h"
#include "otto/driver/run_output.h"
#include "otto/driver/simulation.h"

namespace otto::python {

namespace {

class SteppedRun {
 public:
  SteppedRun(const Comm& comm, const RunOptions& options)
      : comm_(comm),
        case_(case_of(comm, options)),
        petsc_(hand_petsc_options(case_, options)),
        setup_(comm, case_, options.host.get()),
        cells_(setup_.mesh) {
    if (!options.output.empty()) open_output(options);
    loop_ = std::make_unique<TimeLoop>(setup_.times, setup_.problem, *setup_.stepper, setup_.state,
                                       state_, monitors_);
    go_on_ = guarded([&] { return loop_->start(); });
  }

  [[nodiscard]] const Comm& comm() const { return comm_; }
  [[nodiscard]] const Cells& cells() const { return cells_; }
  [[nodiscard]] const StepRecord& record() const { return state_.record; }
  [[nodiscard]] bool over() const { return !go_on_ || loop_->over(); }

  [[nodiscard]] std::vector<double> density() const {
    return cells_.whole(std::span(setup_.state.density).first(std::size_t(setup_.mesh.owned)));
  }
  void replace(std::span<const double> whole) {
    setup_.state.density = cells_.local(whole);
    loop_->replaced();
  }
  void step() {
    set_petsc_options(petsc_);
    go_on_ = guarded([&] { return loop_->step(); });
    if (!left_over_checked_) refuse_left_over(petsc_);
    left_over_checked_ = true;
  }
  /// Writes what a run leaves at its end, where it has a folder. True where it had been stopped before.
  bool finish() {
    if (finished_) return false;
    finished_ = true;
    return guarded([&] {
      const RunOutcome outcome = loop_->finish();
      if (output_) (void)output_->finish(setup_.problem, setup_.state, outcome);
      return outcome.stopped;
    });
  }

 private:
  void open_output(const RunOptions& options) {
    Resumption resumption = find_resumption(comm_, case_, critical_parameters(comm_, case_, petsc_),
                                            options.resume, options.output);
    output_.emplace(comm_, case_, options.output, std::move(resumption), true);
    output_->watch({case_, setup_.times, setup_.problem, *setup_.stepper, setup_.state, state_},
                   monitors_);
  }
  template <class F>
  bool guarded(F f) {
    try {
      return f();
    } catch (const std::exception& error) {
      finished_ = true;
      if (output_) output_->fail(error);
      throw;
    }
  }

  Comm comm_;
  Case case_;
  PetscOptions petsc_;
  Setup setup_;
  Cells cells_;
  LoopState state_;
  std::optional<RunOutput> output_;
  std::vector<std::unique_ptr<Monitor>> monitors_;
  std::unique_ptr<TimeLoop> loop_;
  bool go_on_ = true, finished_ = false, left_over_checked_ = false;
};

using Handle = Owned<SteppedRun>;

std::unique_ptr<Handle> start(std::intptr_t handle, const py::dict& asked) {
  const Comm comm = comm_of(handle);
  const RunOptions options = run_options(asked);
  return called(
      comm, [&] { return std::make_unique<Handle>(std::make_unique<SteppedRun>(comm, options)); });
}

/// Where all ranks meet after Python has had the state: the density is taken over where `changed` on some rank. True
/// where all ranks leave the loop; throws CallbackError's Error on those that do not where some do.
bool meet(const Handle& handle, const Array& density, bool changed, bool leaving) {
  SteppedRun& run = handle.get();
  return called(run.comm(), [&] {
    const Comm& comm = run.comm();
    const std::int64_t left = comm.sum(std::int64_t(leaving ? 1 : 0));
    if (left > 0) {
      if (left == comm.size() || leaving) return left == comm.size();
      throw Error(raised_by_python, "another rank has left the loop over the steps", true);
    }
    if (!comm.any(changed)) return false;
    std::vector<double> values;
    comm.together([&] {
      const py::gil_scoped_acquire lock;
      values = from_array(density, run.cells().count(), "state.density");
      double sum = 0;
      for (const double x : values) {
        if (x < 0) throw InputError("state.density: is negative in some cell");
        sum += x;
      }
      if (!(sum > 0)) throw InputError("state.density: is 0 in every cell; a density has mass");
    });
    run.replace(values);
    return false;
  });
}

}  // namespace

void register_steps(py::module_& m) {
  py::class_<Handle>(m, "SteppedRun")
      .def(py::init(&start))
      .def("over", [](const Handle& run) { return run.get().over(); })
      .def("row", [](const Handle& run) { return row_of(run.get().record()); })
      .def("density",
           [](const Handle& handle) {
             const SteppedRun& run = handle.get();
             return to_array(called(run.comm(), [&] { return run.density(); }));
           })
      .def("meet", &meet)
      .def("centers",
           [](const Handle& handle) {
             const SteppedRun& run = handle.get();
             return to_array(called(run.comm(), [&] { return run.cells().centers(); }),
                             run.cells().mesh().dimension);
           })
      .def("volumes",
           [](const Handle& handle) {
             const SteppedRun& run = handle.get();
             return to_array(called(run.comm(), [&] { return run.cells().volumes(); }));
           })
      .def("step",
           [](const Handle& handle) {
             SteppedRun& run = handle.get();
             const Call call(run.comm());
             try {
               const py::gil_scoped_release others_may_run;
               run.step();
             } catch (const std::exception& error) {
               call.raise(error);
             }
             call.raise_interrupt();
           })
      .def("finish", [](const Handle& handle) {
        SteppedRun& run = handle.get();
        return called(run.comm(), [&] { return run.finish(); });
      });
}

}  // namespace otto::python
