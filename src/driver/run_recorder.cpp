#include "run_recorder.h"

#include "otto/core/fault.h"

namespace otto {

namespace {

constexpr double default_minutes = 30;  // between checkpoints: what a lost node may cost

}  // namespace

RunRecorder::RunRecorder(const Watched& w)
    : watched_(w),
      totals_(w),
      history_(w, totals_.has_gibbs()),
      fields_(w),
      progress_(w.folder.log(), w.run.times.start, w.run.times.end),
      checkpoints_(
          w.run.problem.mesh, w.c.section("checkpoint"), w.folder,
          [this](Archive& a) { remember(a); },
          [this] {
            history_.settle();
            fields_.settle();
          },
          default_minutes) {
  if (w.folder.is_open()) {
    open(w.run.state);
  } else {
    start_ = {w.run.state, std::nullopt};
  }
  watched_.record.loop_start = SteadyClock::now();
}

void RunRecorder::remember(Archive& a) {
  const Resumption& from = watched_.folder.resumption();
  RunParts& run = watched_.run;
  if (a.loading()) run.loop.control = make_control(run.times, run.stepper);
  a.number("time", run.state.time);
  a.cells_with_ghosts("density", run.state.density);
  a.part("loop", run.loop);
  totals_.remember(a);
  fields_.remember(a);
  // Another scheme, or another way of choosing steps, starts with nothing to remember.
  if (a.loading() && (from.has_changed("time.scheme") || from.has_changed("time.adaptive"))) {
    run.loop.control = make_control(run.times, run.stepper);
    return;  // the loop restarts it
  }
  a.part("stepper", run.stepper);
  // At step 0 there is nothing yet to remember.
  if (a.loading()) run.loop.restart = run.loop.record.step == 0;
}

void RunRecorder::open(const State& start) {
  history_.open();
  fields_.open(start);
  checkpoints_.open();
}

void RunRecorder::open_late(double now) {
  watched_.folder.open();
  Generator& generator = watched_.run.problem.generator;
  generator.set_time(start_->state.time);
  open(start_->state);
  if (start_->record) {
    for (Monitor* monitor : {static_cast<Monitor*>(&totals_), static_cast<Monitor*>(&history_),
                             static_cast<Monitor*>(&fields_)}) {
      monitor->after_step(start_->state, *start_->record);
    }
  }
  generator.set_time(now);
  start_.reset();
}

bool RunRecorder::after_step(const State& state, const StepRecord& r) {
  fault_point("monitor");
  RunFolder& folder = watched_.folder;
  if (told_) folder.guard().step_took(seconds_since(*told_));
  if (start_ && r.step == 0) {
    start_->record = r;
    told_ = SteadyClock::now();
    return true;
  }
  if (start_) open_late(state.time);
  totals_.after_step(state, r);
  history_.after_step(state, r);
  fault_point("agree");
  const auto& trouble = history_.trouble() ? history_.trouble() : folder.log().trouble();
  Agreement& now = watched_.record.now;
  now = agree(watched_.run.problem.mesh.comm, folder.guard(), checkpoints_.due(r.step), trouble);
  if (r.last) now.stop = StopGuard::none;
  const bool stopping = now.stop != StopGuard::none;
  fields_.after_step(state, r);
  watched_.record.output_seconds +=
      checkpoints_.write(r.time, r.step, stopping || now.checkpoint, r.last);
  progress_.after_step(r);
  told_ = SteadyClock::now();
  return !stopping;
}

void RunRecorder::finish(const State& state, const StepRecord& last) {
  if (start_) open_late(state.time);
  history_.finish(state, last);
  fields_.finish(state, last);
}

}  // namespace otto
