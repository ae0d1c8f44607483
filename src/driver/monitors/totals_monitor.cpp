#include "totals_monitor.h"

namespace otto {

namespace {

/// pi = exp(-V/kT) is the density at rest: entropy and V alone, and nothing that drives a current.
bool has_gibbs_density(const Watched& w) {
  const Problem& problem = w.run.problem;
  return problem.generator.linear() && !problem.generator.driven() && !problem.generator.absorbs();
}

}  // namespace

TotalsMonitor::TotalsMonitor(const Watched& watched) : record_(watched.record) {
  if (has_gibbs_density(watched)) gibbs_.emplace(watched.run.problem.generator);
}

bool TotalsMonitor::after_step(const State& state, const StepRecord& r) {
  if (!record_.totals) record_.totals.emplace();
  record_.totals->add(r);
  if (gibbs_) record_.gibbs_distance = (*gibbs_)(state.density, r.ledger);
  return true;
}

void TotalsMonitor::remember(Archive& a) {
  if (!record_.totals) record_.totals.emplace();
  a.part("totals", *record_.totals);
  double distance = record_.gibbs_distance.value_or(-1);
  a.number("gibbs_distance", distance);
  if (gibbs_) record_.gibbs_distance = distance;
}

}  // namespace otto
