#include "history_monitor.h"

#include "../run_history.h"
#include "otto/core/fault.h"
#include "otto/driver/moments.h"
#include "otto/operators/exchange.h"

namespace otto {

namespace {

HistoryChoice choice_of(const Watched& w, bool gibbs) {
  return {
      .error_estimate = w.run.stepper.estimates_error(),
      .gibbs_distance = gibbs,
      .moments_dimension = w.c.section("output").flag("moments") ? w.run.problem.mesh.dimension : 0,
      .inner_steps = w.run.stepper.inner_steps() > 1,
      .exchanged = w.run.problem.generator.exchange() ? w.run.problem.generator.exchange()->names()
                                                      : std::vector<std::string>()};
}

}  // namespace

HistoryMonitor::HistoryMonitor(const Watched& watched, bool gibbs)
    : mesh_(watched.run.problem.mesh),
      folder_(watched.folder),
      record_(watched.record),
      moments_(watched.c.section("output").flag("moments")),
      columns_(history_columns(choice_of(watched, gibbs))),
      writer_(header_of(columns_)) {}

void HistoryMonitor::open() {
  fault_point("open_history");
  open_history(folder_, writer_);
}

bool HistoryMonitor::after_step(const State& state, const StepRecord& r) {
  std::vector<double> told;
  if (moments_) told = moments(mesh_, state.density);
  if (!mesh_.comm.is_root()) return true;
  writer_.add(row_of(columns_, {r, record_.gibbs_distance.value_or(0), told}));
  return true;
}

void HistoryMonitor::settle() { settle_history(folder_, writer_); }

void HistoryMonitor::finish(const State&, const StepRecord&) {
  fault_point("finish");
  finish_history(folder_, writer_);
}

}  // namespace otto
