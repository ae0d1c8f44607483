#include "otto/time/simulation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "otto/casefile/key.h"
#include "otto/core/error.h"
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

StepControl make_control(const Case& c, const Timetable& table, Stepper& stepper) {
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
  Loop(const Problem& problem, Stepper& stepper, State& state,
       std::vector<std::unique_ptr<Monitor>>& monitors)
      : problem_(problem),
        stepper_(stepper),
        state_(state),
        monitors_(monitors),
        table_(make_timetable(problem.c)),
        control_(make_control(problem.c, table_, stepper)),
        began_(MPI_Wtime()) {}

  RunOutcome run() {
    begin();
    bool go_on = tell();
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
    state_.density.resize(static_cast<std::size_t>(problem_.mesh.local()));
    problem_.mesh.halo.update(problem_.mesh.comm, state_.density);
    record_.output_due = true;
    report_ = {};
    examine(0);
    record_.edi_gap = 0;
  }

  /// One accepted step, after as many refused ones as it takes.
  void advance() {
    for (int refusals = 0;; ++refusals) {
      Timetable::Leap leap = control_.limits().adaptive
                                 ? table_.even_leap(state_.time, control_.wish())
                                 : table_.leap(state_.time, control_.wish());
      // the same length to the last bit keeps the solver's hierarchy
      if (std::abs(leap.dt - record_.dt) <= 1e-9 * record_.dt) leap.dt = record_.dt;
      report_ = stepper_.advance(state_, leap.dt);
      if (report_.accepted) {
        accept(leap);
        return;
      }
      ++record_.rejected;
      control_.refused(leap.dt, report_.next_step);
      if (refusals + 1 >= most_refusals || control_.wish() < control_.limits().least) give_up(refusals + 1, leap.dt);
    }
  }

  void accept(const Timetable::Leap& leap) {
    state_.time = leap.arrival;
    ++record_.step;
    record_.dt = leap.dt;
    record_.output_due = leap.output_due;
    control_.accepted(leap.dt, report_.next_step);
  }

  [[noreturn]] void give_up(int refusals, double tried) const {
    const bool short_step = refusals < most_refusals;
    throw NumericalError(fmt::format(
        "step {} from time {:.9g} was refused {} time{}, last with {}: {}. {}", record_.step + 1,
        state_.time, refusals, refusals == 1 ? "" : "s",
        short_step ? fmt::format("a length that would fall below time.min_step = {}",
                                 control_.limits().least)
                   : fmt::format("a length of {:.3g}", tried),
        report_.reason,
        "Try another time.scheme, a larger time.tolerance, or a smaller time.step"));
  }

  void examine(double energy_before) {
    const Mesh& mesh = problem_.mesh;
    problem_.generator.set_time(state_.time);
    const bool own_dissipation = report_.dissipation >= 0;
    record_.ledger = ledger(problem_.generator, state_.density, !own_dissipation);
    if (!record_.ledger.finite) {
      examine_density(
          mesh, std::span(state_.density).first(static_cast<std::size_t>(mesh.owned)), state_.time);
    }
    if (own_dissipation) record_.ledger.dissipation = report_.dissipation;
    record_.time = state_.time;
    record_.edi_gap = record_.ledger.free_energy - energy_before +
                      record_.dt * record_.ledger.dissipation;
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
  StepControl control_;
  double began_;
  StepRecord record_;
  StepReport report_;
  RunOutcome outcome_;
};

}  // namespace

void check_times(const Problem& problem, Stepper& stepper) {
  (void)make_control(problem.c, make_timetable(problem.c), stepper);
}

RunOutcome simulate(const Problem& problem, Stepper& stepper, State& state,
                    std::vector<std::unique_ptr<Monitor>>& monitors) {
  return Loop(problem, stepper, state, monitors).run();
}

}  // namespace otto
