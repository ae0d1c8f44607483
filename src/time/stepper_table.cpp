// The registrations as the table of docs/methods/schemes.md and `otto check` show them.

#include <fmt/format.h>

#include "otto/time/dispatch.h"

namespace otto {

namespace {

std::string energies_in_words(const Solves& s) {
  std::string words = s.energies == Energies::linear ? "entropy and V" : "every one";
  if (s.energies == Energies::interacting) words = "entropy, V and W";
  if (s.energies == Energies::nonlinear) words = "others than entropy and V";
  if (s.needs_positivity && s.energies != Energies::linear) words += " with U′(0) = −∞, no maximum";
  if (!s.interaction && s.energies != Energies::linear) words += ", no interaction";
  return words;
}

std::string flux_in_words(FluxUse use) {
  switch (use) {
    case FluxUse::two_point:
      return "two-point";
    case FluxUse::dissipating:
      return "two-point, dissipating";
    case FluxUse::simplex:
      return "`simplex`";
    case FluxUse::none:
      break;
  }
  return "none: `time.weights`";
}

std::string also_in_words(const Solves& s) {
  std::string words;
  const auto add = [&](bool yes, const char* what) {
    if (yes) words += (words.empty() ? "" : ", ") + std::string(what);
  };
  add(s.drift, "drift");
  add(s.absorbing, "absorbing sides");
  add(s.supply, "supply");
  add(s.time_dependence, "t in energies");
  add(s.estimates_error, "adaptive steps");
  return words;
}

}  // namespace

std::string stepper_table_markdown() {
  std::string text =
      "| `[time] scheme` | energies | flux | also | method | where that fails | code |\n"
      "|---|---|---|---|---|---|---|\n";
  for (const StepperEntry& e : all_steppers()) {
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | `{}` |\n", e.name,
                        energies_in_words(e.solves), flux_in_words(e.solves.flux),
                        also_in_words(e.solves), e.method,
                        e.fallback.empty() ? "the step is refused" : e.fallback, e.file);
  }
  return text;
}

}  // namespace otto
