#include "otto/driver/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/casefile/key.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/time/keep.h"
#include "otto/time/step_control.h"
#include "otto/time/timetable.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "time", .doc = "How time advances."}},
    {{.path = "time.scheme",
      .type = Type::text,
      .doc = "The time stepping scheme.",
      .fallback = "\"implicit_euler\""},
     {.path = "time.start",
      .doc = "Time of the initial density.",
      .fallback = "0.0",
      .equation = "rho(start) = [initial]"},
     {.path = "time.step",
      .doc = "Length of a step; of the first one where steps are adaptive. Steps are shortened to "
             "end at output times.",
      .range = positive},
     {.path = "time.end", .doc = "Time at which the run ends.", .required = true},
     {.path = "time.adaptive",
      .type = Type::flag,
      .doc = "Choose the steps so that the time error at the end is about `tolerance`.",
      .fallback = "false"},
     {.path = "time.tolerance",
      .doc = "L1 error in time allowed at the end, for adaptive steps and for the exponential.",
      .fallback = "1e-4",
      .range = positive},
     {.path = "time.max_step", .doc = "Longest step of an adaptive run.", .range = positive},
     {.path = "time.min_step",
      .doc = "A run that would need shorter steps fails instead.",
      .fallback = "0.0",
      .range = non_negative},
     {.path = "output.every",
      .doc = "Time between outputs; 0: only the start and the end are written.",
      .fallback = "0.0",
      .range = non_negative}}};

constexpr int most_refusals = 20;  // in a row

Timetable make_timetable(const Case& c) {
  const Section time = c.section("time");
  const double start = time.real("start"), end = time.real("end");
  if (!(end > start)) {
    time.fail("end", fmt::format("the end, {}, must be later than time.start, {}", end, start));
  }
  return {start, end, c.section("output").real("every")};
}

StepControl control_of(const Case& c, const Timetable& table, Stepper& stepper) {
  const Section time = c.section("time");
  const double start = time.real("start"), end = time.real("end");
  StepLimits limits;
  limits.adaptive = time.flag("adaptive");
  limits.least = std::max(time.real("min_step"), 1e-13 * (end - start));
  if (time.has("max_step")) limits.most = time.real("max_step");
  if (limits.adaptive) {
    if (!stepper.estimates_error()) {
      time.fail("adaptive", fmt::format("the scheme '{}' does not estimate its error; use "
                                        "'tr_bdf2' or 'midpoint', or fixed steps",
                                        time.text("scheme")));
    }
    stepper.limit_error({time.real("tolerance"), start, end});
  }
  if (time.has("step") || !(limits.adaptive || stepper.any_step())) {
    limits.step = time.real("step");
  } else {
    limits.step = limits.adaptive ? 1e-3 * (table.next(start) - start) : end - start;
  }
  return StepControl(limits);
}

/// The loop's own variables and its moves.
class Loop {
 public:
  Loop(const Problem& problem, Stepper& stepper, State& state, LoopState& loop,
       std::vector<std::unique_ptr<Monitor>>& monitors)
      : problem_(problem),
        stepper_(stepper),
        state_(state),
        monitors_(monitors),
        table_(make_timetable(problem.c)),
        loop_(loop),
        record_(loop.record) {
    if (!loop_.control) loop_.control = control_of(problem.c, table_, stepper);
  }

  RunOutcome run() {
    bool go_on = true;
    if (loop_.begun) {
      go_on_from_record();
    } else {
      begin();
      go_on = tell();
    }
    while (go_on && !table_.over(state_.time)) {
      const double energy = record_.ledger.free_energy;
      advance();
      examine(energy);
      go_on = tell();
    }
    outcome_.stopped = !table_.over(state_.time);
    outcome_.last = record_;
    outcome_.steps = record_.step;
    outcome_.rejected = record_.rejected;
    for (const auto& monitor : monitors_) monitor->finish(state_, record_);
    return outcome_;
  }

 private:
  void begin() {
    loop_.begun = true;
    began_ = MPI_Wtime();
    state_.density.resize(static_cast<std::size_t>(problem_.mesh.local()));
    problem_.mesh.halo.update(problem_.mesh.comm, state_.density);
    record_.output_due = true;
    report_ = {};
    problem_.generator.set_time(state_.time);
    report_.dissipation = stepper_.dissipation(state_);
    examine(0);
    record_.edi_gap = 0;
  }

  /// The record was made by an earlier process, at this state.
  void go_on_from_record() {
    began_ = MPI_Wtime() - record_.wall_seconds;
    problem_.generator.set_time(state_.time);
    record_.last = table_.over(state_.time);
  }

  /// One accepted step, after as many refused ones as it takes.
  void advance() {
    for (int refusals = 0;; ++refusals) {
      Timetable::Leap leap = loop_.control->limits().adaptive
                                 ? table_.even_leap(state_.time, loop_.control->wish())
                                 : table_.leap(state_.time, loop_.control->wish());
      // the same length to the last bit keeps the solver's hierarchy
      if (std::abs(leap.dt - record_.dt) <= 1e-9 * record_.dt) leap.dt = record_.dt;
      fault_point("step");
      report_ = stepper_.advance(state_, leap.dt);
      if (report_.accepted) {
        accept(leap);
        return;
      }
      ++record_.rejected;
      loop_.control->refused(leap.dt, report_.next_step);
      if (refusals + 1 >= most_refusals || loop_.control->wish() < loop_.control->limits().least)
        give_up(refusals + 1, leap.dt);
    }
  }

  void accept(const Timetable::Leap& leap) {
    state_.time = leap.arrival;
    ++record_.step;
    record_.dt = leap.dt;
    record_.output_due = leap.output_due;
    loop_.control->accepted(leap.dt, report_.next_step);
  }

  [[noreturn]] void give_up(int refusals, double tried) const {
    const bool short_step = refusals < most_refusals;
    throw NumericalError(
        fmt::format("step {} from time {:.9g} was refused {} time{}, last with {}: {}. {}",
                    record_.step + 1, state_.time, refusals, refusals == 1 ? "" : "s",
                    short_step ? fmt::format("a length that would fall below time.min_step = {}",
                                             loop_.control->limits().least)
                               : fmt::format("a length of {:.3g}", tried),
                    report_.reason,
                    "Try another time.scheme, a larger time.tolerance, or a smaller time.step"));
  }

  void examine(double energy_before) {
    const Mesh& mesh = problem_.mesh;
    fault_point("density", std::span(state_.density).first(static_cast<std::size_t>(mesh.owned)));
    problem_.generator.set_time(state_.time);
    const bool own_dissipation = report_.dissipation >= 0;
    record_.ledger = ledger(problem_.generator, state_.density, !own_dissipation);
    if (!record_.ledger.finite) {
      examine_density(mesh, std::span(state_.density).first(static_cast<std::size_t>(mesh.owned)),
                      state_.time);
    }
    if (own_dissipation) record_.ledger.dissipation = report_.dissipation;
    record_.time = state_.time;
    record_.edi_gap =
        record_.ledger.free_energy - energy_before + record_.dt * record_.ledger.dissipation;
    record_.newton_iterations = report_.newton_iterations;
    record_.linear_iterations = report_.linear_iterations;
    record_.max_linear_iterations = report_.max_linear_iterations;
    record_.inner = report_.inner;
    record_.error_estimate = report_.error_estimate;
    record_.wall_seconds = MPI_Wtime() - began_;
    record_.last = table_.over(state_.time);
  }

  /// False where a monitor asks to stop.
  bool tell() {
    fault_point("tell");
    bool go_on = true;
    for (const auto& monitor : monitors_) {
      if (!monitor->after_step(state_, record_)) go_on = false;
    }
    return !problem_.mesh.comm.any(!go_on);
  }

  const Problem& problem_;
  Stepper& stepper_;
  State& state_;
  std::vector<std::unique_ptr<Monitor>>& monitors_;
  Timetable table_;
  LoopState& loop_;
  StepRecord& record_;
  double began_ = 0;
  StepReport report_;
  RunOutcome outcome_;
};

}  // namespace

void StepRecord::remember(Archive& a) {
  a.number("step", step);
  a.number("time", time);
  a.number("dt", dt);
  a.number("mass", ledger.mass);
  a.number("min_density", ledger.min_density);
  a.number("max_density", ledger.max_density);
  a.number("free_energy", ledger.free_energy);
  a.number("dissipation", ledger.dissipation);
  a.number("finite", ledger.finite);
  a.number("edi_gap", edi_gap);
  a.number("newton_iterations", newton_iterations);
  a.number("linear_iterations", linear_iterations);
  a.number("max_linear_iterations", max_linear_iterations);
  a.number("rejected", rejected);
  a.number("error_estimate", error_estimate);
  a.number("wall_seconds", wall_seconds);
  a.number("output_due", output_due);
}

void LoopState::remember(Archive& a) {
  a.number("begun", begun);
  a.part("record", record);
  a.part("control", *control);
}

StepControl make_control(const Problem& problem, Stepper& stepper) {
  return control_of(problem.c, make_timetable(problem.c), stepper);
}

void check_times(const Problem& problem, Stepper& stepper) { (void)make_control(problem, stepper); }

RunOutcome simulate(const Problem& problem, Stepper& stepper, State& state, LoopState& loop,
                    std::vector<std::unique_ptr<Monitor>>& monitors) {
  return Loop(problem, stepper, state, loop, monitors).run();
}

RunOutcome simulate(const Problem& problem, Stepper& stepper, State& state,
                    std::vector<std::unique_ptr<Monitor>>& monitors) {
  LoopState loop;
  return simulate(problem, stepper, state, loop, monitors);
}

}  // namespace otto
