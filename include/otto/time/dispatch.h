#pragma once
// Which stepper solves a problem: every registration says what it is for, and the choice, the
// refusals, `otto check` and the table of docs/methods/schemes.md are all read from these registrations.
//
//   const RegisterStepper registered{{.name = "bdf2", .doc = "BDF2: ...", .order = 2,
//                                     .solves = {.energies = Energies::linear}, .make = ...}};

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "otto/time/flux_rules.h"
#include "otto/time/stepper.h"

namespace otto {

class Section;

/// Linear: an entropy and external terms alone (FreeEnergy::linear).
enum class Energies {
  any,          ///< every free energy
  linear,       ///< those alone
  interacting,  ///< those and an interaction
  nonlinear     ///< all others than linear
};

/// What carries the mass from cell to cell.
enum class FluxUse {
  two_point,    ///< the rates of the generator, of any two-point flux
  dissipating,  ///< two-point fluxes that dissipate every free energy: upwind, or detailed balance
  simplex,      ///< whole gradients (operators/simplex_flux.h)
  none          ///< a transport of the scheme's own; flux.kind is refused where it is given
};

/// What a stepper is for.
struct Solves {
  Energies energies = Energies::any;  ///< free energies it is for
  FluxUse flux = FluxUse::two_point;  ///< how it moves mass
  bool needs_positivity = false;      ///< U' is infinite at 0 and the density has no maximum
  bool interaction = true;            ///< energies with W * rho
  bool mobility = false;              ///< a mobility other than rho
  bool drift = true;                  ///< a drift beside -grad V
  bool absorbing = true;              ///< mass leaves through sides and sets, or by a reaction
  bool supply = false;                ///< mass comes in
  bool time_dependence = true;        ///< energies and drifts that depend on t
  bool estimates_error = false;       ///< Stepper::estimates_error: adaptive steps
  bool limiter = false;               ///< it refreshes the ratios of a limited flux
  bool signed_rates = false;          ///< some rates of the generator may be negative
};

/// Of the [time] table of a case, beside whose keys the stepper has declared its own.
using StepperFactory =
    std::function<std::unique_ptr<Stepper>(const Problem& problem, const Section& time)>;

/// One stepper as it registers itself.
struct StepperEntry {
  std::string name;           ///< of the scheme; several steppers may share one
  std::string doc;            ///< of the scheme, in one sentence; "" where another one has it
  std::string equation = {};  ///< of the scheme
  std::string method = {};    ///< how this stepper does it
  std::string fallback = {};  ///< what it does where that fails; "": it refuses the step
  int order = 1;              ///< in dt
  Solves solves = {};         ///< what it is for
  StepperFactory make;        ///< makes it
  std::string file = {};      ///< that registers it; filled in by RegisterStepper
};

/// At namespace scope. Where `doc` is given also declares Choice{"time.scheme", name}.
struct RegisterStepper {
  /// The name of `file` becomes `entry.file`.
  explicit RegisterStepper(StepperEntry entry, const char* file = __builtin_FILE());
};
/// All of them, sorted by the names of their schemes.
const std::vector<StepperEntry>& all_steppers();
/// The schemes by name, each once.
std::vector<std::string> scheme_names();

/// What the choice depends on.
struct Facts {
  /// Of a problem, with fixed steps.
  explicit Facts(const Problem& problem);

  bool linear;               ///< Generator::linear
  bool external_only;        ///< FreeEnergy::external_only
  bool positive;             ///< U'(0+) is -inf and the density has no maximum
  bool interaction;          ///< there is W * rho
  bool interacting;          ///< it is all there is beside an entropy and external terms
  bool mobility;             ///< it is not rho
  bool drift;                ///< there is one beside -grad V,
  bool varying_temperature;  ///< of a temperature that is no number,
  bool noise_drift;          ///< or implied by the noise
  bool absorbing;            ///< mass leaves
  bool supply;               ///< mass comes in, or what has left comes back
  bool reaction_alone;     ///< what leaves or comes in does so by [reaction], not through openings
  std::string open_table;  ///< that opens the first side or set: "boundary", "boundary.value" ...
  std::string open_key;    ///< in it
  bool without_metric;     ///< the diffusion depends on t or vanishes somewhere
  bool time_dependence;    ///< energies or the drift depend on t
  std::string flux;        ///< flux.kind as asked for, or ""
  bool limited;            ///< the two-point flux is, by the density
  bool dissipating;        ///< the two-point flux in force
  bool on_medians;         ///< cells bounded by medians: some rates may be negative
  bool adaptive = false;   ///< adaptive steps are asked for
};

/// The stepper, or why there is none.
struct StepperChoice {
  const StepperEntry* entry = nullptr;  ///< null where there is none
  Refusal refusal;                      ///< why
};
/// The stepper of that scheme for the facts.
StepperChoice choose_stepper(const std::string& scheme, const Facts& facts);
/// How many steppers of this scheme there are for the problem: never more than one.
int suitable_steppers(const std::string& scheme, const Facts& facts);

/// Throws InputError "table.key: message" where a problem is not one that a stepper of this scheme
/// is for. For steppers made without a case file.
void check_suits(const std::string& scheme, const Solves& solves, const Problem& problem);

/// The rows of the table in words: one of all_steppers() each.
std::string stepper_table_markdown();

}  // namespace otto
