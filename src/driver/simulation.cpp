#include "otto/driver/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/operators/exchange.h"
#include "otto/time/mass_positivity_limiter.h"

namespace otto {

/// The loop's own variables and its moves.
class TimeLoop::Impl {
 public:
  Impl(const TimeOptions& times, const Problem& problem, Stepper& stepper, State& state,
       LoopState& loop, std::vector<std::unique_ptr<Monitor>>& monitors)
      : rules_(times.rules),
        problem_(problem),
        stepper_(stepper),
        state_(state),
        monitors_(monitors),
        table_(make_timetable(times)),
        loop_(loop),
        record_(loop.record) {
    if (!loop_.control) loop_.control = make_control(times, stepper);
  }

  bool start() {
    if (loop_.begun) {
      go_on_from_record();
      return true;
    }
    begin();
    return tell();
  }

  [[nodiscard]] bool over() const { return table_.over(state_.time); }

  bool step() {
    MPI_Pcontrol(1);  // for profilers, such as bench/scaling: a step begins
    if (loop_.restart) restart();
    const double energy = record_.ledger.free_energy;
    advance();
    examine(energy);
    return tell();
  }

  void replaced() {
    state_.density.resize(static_cast<std::size_t>(problem_.mesh.local()));
    problem_.mesh.halo.update(problem_.mesh.comm, state_.density);
    problem_.generator.set_time(state_.time);
    record_.ledger = ledger(problem_.generator, state_.density, true);
    loop_.restart = true;
  }

  RunOutcome finish() {
    MPI_Pcontrol(2);  // the steps are over
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
    if (const Exchange* exchange = problem_.generator.exchange()) {
      report_.exchanged.assign(exchange->names().size(), 0.0);
    }
    examine(0);
    record_.edi_gap = 0;
  }

  /// The stepper meets a state it has not made.
  void restart() {
    problem_.generator.set_time(state_.time);
    stepper_.restart(state_);
    loop_.restart = false;
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
      if (std::abs(leap.dt - record_.dt) <= rules_.same_step * record_.dt) leap.dt = record_.dt;
      fault_point("step");
      report_ = stepper_.advance(state_, leap.dt);
      if (report_.accepted) {
        record_.refused = refusals;
        accept(leap);
        if (loop_.control->stuck()) give_up_crawling();
        return;
      }
      refusal_ = report_.reason;
      ++record_.rejected;
      loop_.control->refused(leap.dt, report_.next_step);
      if (refusals + 1 >= rules_.max_refusals ||
          loop_.control->wish() < loop_.control->limits().min_step)
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
    const bool short_step = refusals < rules_.max_refusals;
    const char* advice =
        loop_.control->limits().adaptive
            ? "Try another time.scheme, a larger time.tolerance, or a smaller time.step"
            : "Shorter steps do not help: try another time.scheme, or more cells";
    throw NumericalError(
        fmt::format("step {} from time {:.9g} was refused {} time{}, last with {}: {}. {}",
                    record_.step + 1, state_.time, refusals, refusals == 1 ? "" : "s",
                    short_step ? fmt::format("a length that would fall below time.min_step = {}",
                                             loop_.control->limits().min_step)
                               : fmt::format("a length of {:.3g}", tried),
                    report_.reason, advice));
  }

  [[noreturn]] void give_up_crawling() const {
    throw NumericalError(fmt::format(
        "the last {} steps, to time {:.9g}, were shorter than {:g} of time.step = {:g}: "
        "longer ones are refused, the last because: {}. {}",
        rules_.stuck_steps, state_.time, rules_.stuck_below, loop_.control->limits().step, refusal_,
        "Try another time.scheme or flux.kind, or more cells"));
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
    record_.exchanged = report_.exchanged;
    record_.fallback = report_.fallback;
    record_.optimality = report_.optimality;
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

  StepRules rules_;
  const Problem& problem_;
  Stepper& stepper_;
  State& state_;
  std::vector<std::unique_ptr<Monitor>>& monitors_;
  Timetable table_;
  LoopState& loop_;
  StepRecord& record_;
  double began_ = 0;
  StepReport report_;
  std::string refusal_ = "an earlier process said why";  ///< reason of the last one
  RunOutcome outcome_;
};

TimeLoop::TimeLoop(const TimeOptions& times, const Problem& problem, Stepper& stepper, State& state,
                   LoopState& loop, std::vector<std::unique_ptr<Monitor>>& monitors)
    : impl_(std::make_unique<Impl>(times, problem, stepper, state, loop, monitors)) {}

TimeLoop::~TimeLoop() = default;

bool TimeLoop::start() { return impl_->start(); }
bool TimeLoop::over() const { return impl_->over(); }
bool TimeLoop::step() { return impl_->step(); }
void TimeLoop::replaced() { impl_->replaced(); }
RunOutcome TimeLoop::finish() { return impl_->finish(); }

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
  if (a.holds("refused")) a.number("refused", refused);
  if (a.holds("fallback")) a.number("fallback", fallback);
  if (a.holds("optimality")) a.number("optimality", optimality);
  a.number("error_estimate", error_estimate);
  a.number("wall_seconds", wall_seconds);
  a.number("output_due", output_due);
}

void LoopState::remember(Archive& a) {
  a.number("begun", begun);
  a.part("record", record);
  a.part("control", *control);
}

RunOutcome simulate(const TimeOptions& times, const Problem& problem, Stepper& stepper,
                    State& state, LoopState& loop,
                    std::vector<std::unique_ptr<Monitor>>& monitors) {
  TimeLoop steps(times, problem, stepper, state, loop, monitors);
  bool go_on = steps.start();
  while (go_on && !steps.over()) go_on = steps.step();
  return steps.finish();
}

RunOutcome simulate(const TimeOptions& times, const Problem& problem, Stepper& stepper,
                    State& state, std::vector<std::unique_ptr<Monitor>>& monitors) {
  LoopState loop;
  return simulate(times, problem, stepper, state, loop, monitors);
}

}  // namespace otto
