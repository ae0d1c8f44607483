#include "otto/time/stepper.h"

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"
#include "otto/flux/two_point.h"
#include "simplex_step.h"

namespace otto {

namespace {

std::vector<StepperEntry>& registry() {
  static std::vector<StepperEntry> entries;
  return entries;
}

[[noreturn]] void refuse_nonlinear(const Problem& problem, const std::string& name) {
  std::vector<std::string> others;
  for (const StepperEntry& entry : registry()) {
    if (!entry.linear_only) others.push_back("'" + entry.name + "'");
  }
  const std::string what = problem.energy.external_only()
                               ? ", and this case has no entropy; add one, or use one of "
                               : "; with those of this case use one of ";
  problem.c.section("time").fail("scheme", "the scheme '" + name +
                                               "' is for an entropy and external energies alone" +
                                               what + list_words(others));
}

}  // namespace

RegisterStepper::RegisterStepper(StepperEntry entry) {
  const Declare choice({}, {}, {{"time.scheme", entry.name, entry.doc, entry.equation}});
  const auto at = std::ranges::lower_bound(registry(), entry.name, {}, &StepperEntry::name);
  registry().insert(at, std::move(entry));
}

const std::vector<StepperEntry>& all_steppers() { return registry(); }

std::unique_ptr<Stepper> make_stepper(const Problem& problem) {
  const std::string name = problem.c.section("time").text("scheme");
  const auto entry = std::ranges::find(registry(), name, &StepperEntry::name);
  if (entry == registry().end()) throw InternalError("no time scheme is called '" + name + "'");
  if (problem.c.section("flux").text("kind") == flux_on_simplices)
    return make_simplex_step(problem);
  if (entry->linear_only && !problem.energy.linear()) refuse_nonlinear(problem, name);
  return entry->make(problem);
}

}  // namespace otto
