#include "otto/driver/totals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace otto {

void RunTotals::add(const StepRecord& r) {
  const Ledger& l = r.ledger;
  if (!started_) {
    start = r.time;
    mass_initial = l.mass;
    min_density = l.min_density;
    energy_initial = l.free_energy;
    started_ = true;
  } else {
    max_increase = std::max(max_increase, l.free_energy - energy_final);
    if (std::abs(r.edi_gap) > std::abs(edi_gap)) edi_gap = r.edi_gap;
    shortest_step = shortest_step > 0 ? std::min(shortest_step, r.dt) : r.dt;
    fallbacks += r.fallback > fallback::none ? 1 : 0;
    changed += fallback::changed(r.fallback) ? 1 : 0;
    if (r.error_estimate >= 0) error_estimate = std::max(error_estimate, 0.0) + r.error_estimate;
  }
  steps = r.step;
  rejected = r.rejected;
  time = r.time;
  mass_final = l.mass;
  energy_final = l.free_energy;
  max_drift = std::max(max_drift, std::abs(l.mass - mass_initial) / std::abs(mass_initial));
  min_density = std::min(min_density, l.min_density);
  newton += r.newton_iterations;
  linear += r.linear_iterations;
  max_linear = std::max(max_linear, r.max_linear_iterations);
  max_optimality = std::max(max_optimality, r.optimality);
}

void RunTotals::remember(Archive& a) {
  a.number("steps", steps);
  a.number("rejected", rejected);
  if (a.holds("fallbacks")) {
    a.number("fallbacks", fallbacks);
    a.number("changed", changed);
    a.number("shortest_step", shortest_step);
  }
  a.number("start", start);
  a.number("time", time);
  a.number("mass_initial", mass_initial);
  a.number("mass_final", mass_final);
  a.number("max_drift", max_drift);
  a.number("min_density", min_density);
  a.number("energy_initial", energy_initial);
  a.number("energy_final", energy_final);
  a.number("max_increase", max_increase);
  a.number("edi_gap", edi_gap);
  a.number("error_estimate", error_estimate);
  a.number("newton", newton);
  a.number("linear", linear);
  a.number("max_linear", max_linear);
  if (a.holds("max_optimality")) a.number("max_optimality", max_optimality);
  a.number("started", started_);
}

std::vector<std::string> RunTotals::warnings(const Promise& promise) const {
  std::vector<std::string> said;
  if (min_density < 0) {
    said.push_back(fmt::format(
        "the density became negative, down to {:.3g}; a smaller time.step, a finer mesh or the "
        "scharfetter_gummel flux with implicit_euler keeps it positive",
        min_density));
  }
  if (promise.mass_conserved && max_drift > 1e-10) {
    said.push_back(fmt::format(
        "the mass drifted by {:.3g} of itself; a smaller solver.rtol keeps it", max_drift));
  }
  if (promise.fixed_steps && rejected > 0) {
    said.push_back(fmt::format(
        "{} step{} refused and halved, down to {:.3g}: the {} steps taken are not those asked "
        "(column refused of history.csv); a smaller time.step avoids it",
        rejected, rejected == 1 ? " was" : "s were", shortest_step, steps));
  }
  if (changed > 0) {
    said.push_back(fmt::format(
        "{} of {} steps were made by another formula than time.scheme's (column fallback of "
        "history.csv, explained in docs/methods/proximal_second_order.md); a smaller time.step "
        "avoids it",
        changed, steps));
  }
  const double scale = 1 + std::max(std::abs(energy_initial), std::abs(energy_final));
  if (promise.energy_decays && max_increase > 1e-10 * scale) {
    said.push_back(fmt::format(
        "the free energy grew by {:.3g} in a step, which this scheme excludes; a smaller "
        "solver.rtol should cure it",
        max_increase));
  }
  return said;
}

}  // namespace otto
