#include "otto/time/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "otto/casefile/describe.h"
#include "otto/casefile/key.h"
#include "otto/casefile/suggest.h"
#include "otto/core/error.h"
#include "otto/flux/two_point.h"
#include "otto/operators/exchange.h"

namespace otto {

namespace {

std::vector<StepperEntry>& registry() {
  static std::vector<StepperEntry> entries;
  return entries;
}

/// What a stepper asks of a problem, in the order in which it is looked at. The stepper that meets
/// most of it says why there is none.
enum class Need {
  flux_family,
  mobility,
  energies,
  positivity,
  interaction,
  drift,
  absorbing,
  supply,
  metric,
  flux_kind,
  signed_rates,
  time_dependence,
  error_estimate,
  none
};

bool meets(Need need, const Solves& s, const Facts& f) {
  const bool simplex = f.flux == flux_on_simplices;
  switch (need) {
    case Need::flux_family:
      return (s.flux == FluxUse::simplex) == simplex;
    case Need::mobility:
      return s.mobility || !f.mobility;
    case Need::energies:
      if (s.energies == Energies::interacting) return f.interacting;
      return s.energies == Energies::any || (s.energies == Energies::linear) == f.linear;
    case Need::positivity:
      return !s.needs_positivity || f.positive;
    case Need::interaction:
      return s.interaction || !f.interaction;
    case Need::drift:
      return s.drift || !f.drift;
    case Need::absorbing:
      return s.absorbing || !f.absorbing;
    case Need::supply:
      return s.supply || !f.supply;
    case Need::metric:
      return s.energies == Energies::linear || !f.without_metric;
    case Need::flux_kind:
      return (s.flux != FluxUse::none || f.flux.empty()) && (s.limiter || !f.limited) &&
             (s.flux != FluxUse::dissipating || f.dissipating);
    case Need::signed_rates:
      return !f.on_medians || s.flux == FluxUse::simplex || s.signed_rates;
    case Need::time_dependence:
      return s.time_dependence || !f.time_dependence;
    case Need::error_estimate:
      return s.estimates_error || !f.adaptive;
    case Need::none:
      break;
  }
  return true;
}

Need first_unmet(const Solves& s, const Facts& f) {
  for (int need = 0; need < int(Need::none); ++need) {
    if (!meets(Need(need), s, f)) return Need(need);
  }
  return Need::none;
}

/// Schemes with a stepper that `wanted` accepts, in quotes.
template <class Wanted>
std::vector<std::string> schemes_where(const Wanted& wanted) {
  std::vector<std::string> names;
  for (const StepperEntry& entry : registry()) {
    const std::string name = "'" + entry.name + "'";
    if (wanted(entry) && (names.empty() || names.back() != name)) names.push_back(name);
  }
  return names;
}

/// "; BEFOREuse one of ... AFTER" with the schemes that solve the problem; "" where none does.
std::string advice(const Facts& f, const std::string& before, const std::string& after = "") {
  const auto others =
      schemes_where([&](const StepperEntry& e) { return first_unmet(e.solves, f) == Need::none; });
  if (others.empty()) return "";
  return before + (others.size() == 1 ? "use " : "use one of ") + list_words(others) + after;
}

Refusal of_energies(const std::string& scheme, const Facts& f) {
  const std::string what = fmt::format(
      "the scheme '{}' is for an entropy and external energies "
      "alone",
      scheme);
  if (f.external_only) {
    return {"time", "scheme",
            what + ", and this case has no entropy; add one" + advice(f, ", or ")};
  }
  return {"time", "scheme", what + advice(f, "; with those of this case ")};
}

/// Of a drift or of absorbing sides: `what` in words, `remedy` how to be rid of it.
Refusal of_driving(const std::string& scheme, const Facts& f, Refusal refusal,
                   const std::string& what, const std::string& keeps, const std::string& remedy) {
  Facts linear = f;
  linear.linear = true;
  linear.external_only = linear.interaction = false;
  const bool for_linear = std::ranges::any_of(registry(), [&](const StepperEntry& e) {
    return e.name == scheme && first_unmet(e.solves, linear) == Need::none;
  });
  if (f.mobility && advice(f, "").empty()) {
    refusal.message =
        fmt::format("{} with a mobility that is the density; {}, or [mobility]", what, remedy);
  } else if (!for_linear) {
    refusal.message =
        fmt::format("the scheme '{}' {}; {}{}", scheme, keeps, remedy, advice(f, ", or "));
  } else if (f.external_only) {
    refusal.message = fmt::format(
        "{} with an entropy and external energies alone, and this case "
        "has no entropy; add one, or {}",
        what, remedy);
  } else {
    refusal.message = fmt::format(
        "{} with an entropy and external energies alone; {}, or the "
        "other energies",
        what, remedy);
  }
  return refusal;
}

/// Given as such, or implied by a temperature that varies or by the noise.
Refusal of_drift(const std::string& scheme, const Facts& f) {
  const std::string keeps = "follows the free energy alone";
  if (f.varying_temperature) {
    return of_driving(scheme, f, {"energy", "temperature", ""}, "a temperature that varies goes",
                      keeps + ", and no free energy goes with a temperature that varies",
                      "remove what makes it vary");
  }
  if (f.noise_drift) {
    return of_driving(scheme, f, {"diffusion", "convention", ""}, "the drift of this noise goes",
                      keeps + ", and the noise of this convention implies a drift",
                      "remove the convention (\"klimontovich\" has none)");
  }
  return of_driving(scheme, f, {"drift", "expression", ""}, "a drift goes", keeps,
                    "remove the drift");
}

/// By a reaction, or by the first side or set that is open.
Refusal of_leaving(const std::string& scheme, const Facts& f) {
  if (f.reaction_alone) {
    return of_driving(scheme, f, {"reaction", "", ""}, "a reaction goes", "keeps the mass",
                      "remove the reaction");
  }
  const std::string sides = f.open_key == "absorbing" ? "absorbing sides" : "open sides";
  return of_driving(scheme, f, {f.open_table.empty() ? "boundary" : f.open_table, f.open_key, ""},
                    sides + " go", "keeps the mass", "remove the " + sides);
}

Refusal of_flux_kind(const std::string& scheme, const Solves& s, const Facts& f) {
  if (s.flux == FluxUse::none) {
    return {"flux", "kind",
            fmt::format("the scheme '{}' moves mass by its own transport (time.weights) and has no "
                        "use for flux.kind; remove it{}",
                        scheme, advice(f, ", or "))};
  }
  if (f.limited) {
    return {
        "flux", "kind",
        fmt::format("the flux 'limited' follows the density from step to step, which the scheme "
                    "'{}' does not do; take 'scharfetter_gummel'{}",
                    scheme, advice(f, ", or "))};
  }
  return {"flux", "kind",
          fmt::format("the flux '{}' does not dissipate the energy of this case; use "
                      "'scharfetter_gummel' or 'upwind'",
                      f.flux)};
}

Refusal of_positivity(const Facts& f) {
  if (f.on_medians) {
    return {"mesh", "control_volumes",
            "cells bounded by medians need an energy whose slope at 0 is infinite (an entropy, "
            "or a power below 1) and no maximum, or densities could become negative; add an "
            "entropy, or take a mesh that carries \"elements\""};
  }
  return {"flux", "kind",
          "'simplex' needs an energy whose slope at 0 is infinite (an entropy, or a power "
          "below 1) and no maximum, or densities could become negative; add an entropy"};
}

Refusal of_interaction(const Facts& f) {
  if (f.on_medians) {
    return {"mesh", "control_volumes",
            "interactions do not go with cells bounded by medians; remove them, or take a mesh "
            "that carries \"elements\""};
  }
  return {"flux", "kind",
          "'simplex' does not carry interactions; remove them or take another flux"};
}

Refusal refusal_of(Need need, const std::string& scheme, const Solves& s, const Facts& f) {
  switch (need) {
    case Need::flux_family: {
      if (s.flux == FluxUse::simplex) {
        return {"flux", "kind", fmt::format("'{}' on simplices needs \"simplex\"", scheme)};
      }
      const auto names =
          schemes_where([](const StepperEntry& e) { return e.solves.flux == FluxUse::simplex; });
      return {"time", "scheme", "flux.kind = \"simplex\" goes with " + list_words(names) + " only"};
    }
    case Need::mobility:
      return {
          "mobility", "",
          fmt::format("the scheme '{}' moves mass with the density for its mobility; {}remove the "
                      "table",
                      scheme, advice(f, "", ", or "))};
    case Need::energies:
      return of_energies(scheme, f);
    case Need::positivity:
      return of_positivity(f);
    case Need::interaction:
      return of_interaction(f);
    case Need::drift:
      return of_drift(scheme, f);
    case Need::absorbing:
      return of_leaving(scheme, f);
    case Need::supply:
      return of_driving(scheme, f, {f.reaction_alone ? "reaction" : "boundary", "", ""},
                        "what brings mass in goes", "lets no mass in", "remove what brings it in");
    case Need::metric:
      return {"diffusion", "",
              fmt::format("the scheme '{}' measures distances by D, which must neither depend on t "
                          "nor vanish then{}",
                          scheme, advice(f, "; "))};
    case Need::flux_kind:
      return of_flux_kind(scheme, s, f);
    case Need::signed_rates:
      return {"time", "scheme",
              fmt::format("'{}' moves mass from face to face, and between cells bounded by medians "
                          "some would go backwards{}; or take a mesh that carries "
                          "mesh.control_volumes = \"elements\"",
                          scheme, advice(f, "; "))};
    case Need::time_dependence:
      return {"time", "scheme",
              fmt::format("the scheme '{}' needs energies and drifts that do not depend on t{}",
                          scheme, advice(f, "; "))};
    case Need::error_estimate:
      return {"time", "adaptive",
              fmt::format("the scheme '{}' does not estimate its error; {}fixed steps", scheme,
                          advice(f, "", ", or "))};
    case Need::none:
      break;
  }
  throw InternalError("a stepper is refused for no reason");
}

/// The key that opens the first side or set.
void name_opening(const Exchange& exchange, Facts& f) {
  if (exchange.openings.empty()) return;
  const Opening& first = exchange.openings.front();
  switch (first.kind) {
    case Opening::Kind::absorbing:
    case Opening::Kind::outflow:
      f.open_table = "boundary";
      f.open_key = first.kind == Opening::Kind::absorbing ? "absorbing" : "outflow";
      break;
    case Opening::Kind::value:
    case Opening::Kind::robin:
      f.open_table = first.kind == Opening::Kind::value ? "boundary.value" : "boundary.robin";
      f.open_key = first.name;
      break;
  }
}

}  // namespace

RegisterStepper::RegisterStepper(StepperEntry entry, const char* file) {
  entry.file = std::filesystem::path(file).filename().string();
  if (!entry.doc.empty()) {
    const Declare choice({}, {}, {{"time.scheme", entry.name, entry.doc, entry.equation}});
  }
  if (entry.solves.flux == FluxUse::none) {
    declare_unused("flux.kind", "time.scheme", entry.name);
  }
  const auto before = [](const StepperEntry& a, const StepperEntry& b) {
    return std::pair(a.name, a.file) < std::pair(b.name, b.file);
  };
  registry().insert(std::ranges::upper_bound(registry(), entry, before), std::move(entry));
}

const std::vector<StepperEntry>& all_steppers() { return registry(); }

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const StepperEntry& entry : registry()) {
    if (names.empty() || names.back() != entry.name) names.push_back(entry.name);
  }
  return names;
}

Facts::Facts(const Problem& problem)
    : linear(problem.generator.linear()),
      external_only(problem.energy.external_only()),
      positive(problem.energy.internal().keeps_positive() &&
               !std::isfinite(problem.energy.internal().maximum())),
      interaction(problem.energy.interaction() != nullptr),
      interacting(interaction && problem.energy.internal().entropy_only() &&
                  problem.energy.temperature() > 0 && problem.generator.mobility().linear()),
      mobility(!problem.generator.mobility().linear()),
      drift(problem.generator.driven()),
      varying_temperature(problem.generator.heat() != nullptr),
      noise_drift(problem.generator.noise_drives()),
      absorbing(problem.generator.absorbs()),
      supply(problem.generator.supplies()),
      reaction_alone(problem.generator.exchange() &&
                     problem.generator.exchange()->openings.empty()),
      without_metric(problem.generator.without_metric()),
      time_dependence(problem.generator.depends_on_time()),
      flux(problem.flux),
      on_medians(problem.mesh.couplings != nullptr) {
  if (problem.generator.exchange()) name_opening(*problem.generator.exchange(), *this);
  const TwoPointFlux& two_point = flux.empty() ? problem.generator.flux() : find_flux(flux);
  limited = two_point.limited();
  dissipating = two_point.name() == "upwind" || two_point.detailed_balance();
}

StepperChoice choose_stepper(const std::string& scheme, const Facts& facts) {
  const StepperEntry* nearest = nullptr;
  Need missing = Need::flux_family;
  for (const StepperEntry& entry : registry()) {
    if (entry.name != scheme) continue;
    const Need unmet = first_unmet(entry.solves, facts);
    if (unmet == Need::none) return {&entry, {}};
    if (!nearest || unmet > missing) nearest = &entry, missing = unmet;
  }
  if (!nearest) throw InternalError("no time scheme is called '" + scheme + "'");
  return {nullptr, refusal_of(missing, scheme, nearest->solves, facts)};
}

int suitable_steppers(const std::string& scheme, const Facts& facts) {
  return int(std::ranges::count_if(registry(), [&](const StepperEntry& e) {
    return e.name == scheme && first_unmet(e.solves, facts) == Need::none;
  }));
}

void check_suits(const std::string& scheme, const Solves& solves, const Problem& problem) {
  const auto refuse = [](const Refusal& r) {
    throw InputError(r.table + (r.key.empty() ? "" : "." + r.key) + ": " + r.message);
  };
  const Facts facts(problem);
  const std::string kind = facts.flux.empty() ? problem.generator.flux().name() : facts.flux;
  const FluxTask task{.kind = kind,
                      .diffusion = problem.diffusion.get(),
                      .drift = problem.generator.driven() && !problem.generator.heat(),
                      .temperature_varies = problem.generator.heat() != nullptr,
                      .absorbing = facts.absorbing && !facts.reaction_alone,
                      .reaction = facts.reaction_alone};
  if (const auto refusal = refuse_flux(task, problem.mesh)) refuse(*refusal);
  const Need unmet = first_unmet(solves, facts);
  if (unmet != Need::none) refuse(refusal_of(unmet, scheme, solves, facts));
}

}  // namespace otto
