#include "otto/time/stepper.h"

#include <fmt/format.h>

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

/// On cells bounded by medians the step is that of whole gradients where it can be: it keeps densities
/// positive. What it cannot do, a linear scheme does with the fitted rates of the generator.
bool takes_gradients(const Problem& problem, const StepperEntry& entry) {
  if (problem.c.section("flux").text("kind") == flux_on_simplices) return true;
  if (!problem.mesh.simplices) return false;
  if (!problem.energy.linear()) return true;
  const bool rates = problem.c.section("drift").present() || problem.generator.absorbs();
  const bool both = entry.name == "implicit_euler";
  if (entry.name == "midpoint" && rates) {
    problem.c.section("time").fail("scheme",
                                   "on cells bounded by medians the midpoint rule goes with "
                                   "neither a drift nor an absorbing side; take 'tr_bdf2'");
  }
  if (!entry.linear_only && !both) {
    problem.c.section("time").fail(
        "scheme",
        fmt::format("'{}' transports mass from face to face, and on cells bounded by medians "
                    "some would carry it backwards; take 'implicit_euler', 'midpoint' or "
                    "'tr_bdf2', or a mesh that carries mesh.control_volumes = \"elements\"",
                    entry.name));
  }
  return !rates && (both || entry.name == "midpoint");
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
  if (takes_gradients(problem, *entry)) return make_simplex_step(problem);
  if (entry->linear_only && !problem.energy.linear()) refuse_nonlinear(problem, name);
  return entry->make(problem);
}

}  // namespace otto
