#include "otto/driver/problem.h"

#include <algorithm>

#include "otto/casefile/units.h"
#include "otto/core/error.h"
#include "otto/energy/temperature.h"
#include "otto/flux/two_point.h"
#include "otto/operators/exchange.h"
#include "otto/operators/face_diffusion.h"

namespace otto {

namespace {

Section entropy_of(const Case& c) {
  const std::vector<Section> terms = energy_terms(c);
  return *std::ranges::find_if(terms, [](const Section& t) { return t.text("kind") == "entropy"; });
}

[[noreturn]] void refuse(const Case& c, const Refusal& refusal) {
  if (refusal.table == "energy") entropy_of(c).fail(refusal.key, refusal.message);
  c.section(refusal.table).fail(refusal.key, refusal.message);
}

/// Sides and sets that [boundary] opens.
std::vector<std::string> open_names(const Case& c) {
  std::vector<std::string> names;
  for (const char* key : {"absorbing", "outflow"}) {
    for (const auto& name : c.section("boundary").texts(key)) names.push_back(name);
  }
  for (const char* table : {"boundary.value", "boundary.robin"}) {
    for (const auto& [name, factor] : c.section(table).entries()) names.push_back(name);
  }
  return names;
}

/// What the numbers of [diffusion] are multiplied by: 1, or measured coefficients to mobilities.
double diffusion_scale(const Case& c) {
  const Section section = c.section("diffusion");
  if (!section.given("unit")) return 1;
  const double factor = diffusion_factor(section, "unit", c.section("units"));
  if (temperature_varies(energy_terms(c))) {
    section.fail("unit",
                 "a measured coefficient is kT D, and the temperature varies; give D itself, the "
                 "inverse of the friction, and remove the key");
  }
  double kT = 0;
  for (const Section& term : energy_terms(c)) {
    if (term.text("kind") == "entropy") kT += term.real("temperature");
  }
  if (kT > 0) return factor / kT;
  section.fail(
      "unit",
      "a measured coefficient is kT D, and without an entropy there is no kT; add one with "
      "its temperature, or give D itself and remove the key");
}

/// Without a word in flux.kind.
bool takes_gradients(const Case& c, const Problem& problem) {
  if (!problem.mesh.couplings || !problem.flux.empty()) return false;
  if (!problem.generator.mobility().linear()) return false;
  if (!problem.energy.linear()) return true;
  const std::string scheme = c.section("time").text("scheme");
  return (scheme == "implicit_euler" || scheme == "midpoint") && !problem.generator.driven() &&
         !problem.generator.absorbs();
}

}  // namespace

MeshUse use_of_mesh(const Case& c) {
  MeshUse use{.held = open_names(c),
              .gradients = c.section("flux").text("kind") == flux_on_simplices};
  for (const Section& set : c.sections("set")) {
    if (set.given("side")) use.held.push_back(set.text("side"));
  }
  const Section analysis = c.section("analysis");
  for (const char* key : {"committor_from", "committor_to"}) {
    if (analysis.given(key)) use.held.push_back(analysis.text(key));
  }
  for (const char* key : {"committor", "rate"}) {
    if (!analysis.given(key)) continue;
    for (const std::string& name : analysis.texts(key)) use.held.push_back(name);
  }
  return use;
}

std::vector<Section> energy_terms(const Case& c) {
  auto terms = c.sections("energy");
  if (!terms.empty()) return terms;
  throw InputError(c.file().string() +
                   ": no [[energy]] table; add one for each term of the free energy, such as kind "
                   "= \"entropy\" with its temperature");
}

std::shared_ptr<const Diffusion> take_diffusion(const Case& c, Mesh& mesh) {
  const Section section = c.section("diffusion");
  const auto regions = c.sections("diffusion.region");
  std::shared_ptr<const Diffusion> diffusion;
  if (section.present() || !regions.empty()) {
    diffusion = std::make_shared<const Diffusion>(
        read_diffusion(section, regions, mesh, diffusion_scale(c)));
  }
  const FluxTask task{.kind = c.section("flux").text("kind"),
                      .diffusion = diffusion.get(),
                      .drift = c.section("drift").present(),
                      .temperature_varies = temperature_varies(energy_terms(c)),
                      .absorbing = !open_names(c).empty(),
                      .reaction = c.section("reaction").present(),
                      .analysis = c.section("analysis").present()};
  if (const auto refusal = refuse_flux(task, mesh)) refuse(c, *refusal);
  if (!diffusion) return nullptr;
  const bool across_faces = diffusion->kind == DiffusionKind::scalar ||
                            (diffusion->kind == DiffusionKind::diagonal && mesh.box);
  if (across_faces && !diffusion->depends_on_time()) set_metric(mesh, *diffusion);
  if (const auto words = words_of_noise(*diffusion)) mesh.remarks.push_back(*words);
  return diffusion;
}

Exchange exchange_of(const Case& c, const Mesh& mesh) {
  const auto sets = read_sets(c.sections("set"), mesh);
  const Section boundary = c.section("boundary"), value = c.section("boundary.value"),
                robin = c.section("boundary.robin"), reaction = c.section("reaction");
  return read_exchange({boundary, value, robin, reaction}, sets, mesh);
}

void check_two_point(const Case& c, const std::string& use) {
  const auto refusal = refuse_without_rates(c.section("flux").text("kind"), use);
  if (refusal) refuse(c, *refusal);
}

FreeEnergy free_energy_of(const Case& c, const Mesh& mesh, const Diffusion* diffusion) {
  FreeEnergy energy = make_free_energy(energy_terms(c), mesh);
  if (!diffusion || diffusion->noise == 0) return energy;
  if (!(energy.temperature() > 0)) {
    c.section("diffusion")
        .fail("convention",
              "tells how the noise was meant, and without an entropy there is "
              "none; add one with its temperature, or remove the key");
  }
  if (energy.varying_temperature()) {
    c.section("diffusion")
        .fail("convention",
              "is for one temperature everywhere; where it varies the equation is div(D (grad(kT "
              "rho) "
              "+ rho grad V)), and what else was meant is a [drift]");
  }
  if (auto noise = noise_energy(*diffusion, energy.temperature())) {
    energy.add(std::move(noise), diffusion->place);
  }
  return energy;
}

Problem problem_of(const Case& c, const Mesh& mesh, const FreeEnergy& energy, Generator& generator,
                   std::shared_ptr<const Diffusion> diffusion) {
  generator.set_mobility(read_mobility(c.section("mobility")));
  Problem problem{.mesh = mesh,
                  .energy = energy,
                  .generator = generator,
                  .solver = read_solver(c.section("solver")),
                  .diffusion = std::move(diffusion)};
  problem.solver.reproducible = c.section("run").flag("reproducible");
  const Section flux = c.section("flux");
  if (flux.given("kind")) problem.flux = flux.text("kind");
  if (takes_gradients(c, problem)) problem.flux = flux_on_simplices;
  return problem;
}

const StepperEntry& find_stepper(const Case& c, const Problem& problem) {
  const Section time = c.section("time");
  Facts facts(problem);
  facts.adaptive = time.flag("adaptive");
  const StepperChoice choice = choose_stepper(time.text("scheme"), facts);
  if (choice.entry) return *choice.entry;
  if (choice.refusal.table == "energy" && choice.refusal.key == "temperature") {
    entropy_of(c).fail("temperature", choice.refusal.message);
  }
  refuse(c, choice.refusal);
}

std::unique_ptr<Stepper> make_stepper(const Case& c, const Problem& problem) {
  check_reproducible(c, problem);
  return find_stepper(c, problem).make(problem, c.section("time"));
}

}  // namespace otto
