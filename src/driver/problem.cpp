#include "otto/driver/problem.h"

#include "otto/core/error.h"
#include "otto/flux/two_point.h"
#include "otto/operators/diffusion.h"

namespace otto {

namespace {

[[noreturn]] void refuse(const Case& c, const Refusal& refusal) {
  c.section(refusal.table).fail(refusal.key, refusal.message);
}

/// Without a word in flux.kind.
bool takes_gradients(const Case& c, const Problem& problem) {
  if (!problem.mesh.couplings || !problem.flux.empty()) return false;
  if (!problem.energy.linear()) return true;
  const std::string scheme = c.section("time").text("scheme");
  return (scheme == "implicit_euler" || scheme == "midpoint") && !problem.generator.driven() &&
         !problem.generator.absorbs();
}

}  // namespace

MeshUse use_of_mesh(const Case& c) {
  MeshUse use{.held = c.section("boundary").texts("absorbing"),
              .gradients = c.section("flux").text("kind") == flux_on_simplices};
  const Section analysis = c.section("analysis");
  for (const char* key : {"committor_from", "committor_to"}) {
    if (analysis.given(key)) use.held.push_back(analysis.text(key));
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

void check_flux(const Case& c, const Mesh& mesh) {
  const FluxTask task{
      .kind = c.section("flux").text("kind"),
      .tensor = c.section("diffusion").present() || !c.sections("diffusion.region").empty(),
      .drift = c.section("drift").present(),
      .absorbing = !c.section("boundary").texts("absorbing").empty(),
      .analysis = c.section("analysis").present()};
  if (const auto refusal = refuse_flux(task, mesh)) refuse(c, *refusal);
}

void check_two_point(const Case& c, const Mesh& mesh, const std::string& use) {
  check_flux(c, mesh);
  const auto refusal = refuse_without_rates(c.section("flux").text("kind"), use);
  if (refusal) refuse(c, *refusal);
}

Problem problem_of(const Case& c, const Mesh& mesh, const FreeEnergy& energy,
                   Generator& generator) {
  Problem problem{mesh, energy, generator, read_solver(c.section("solver"))};
  const Section flux = c.section("flux");
  if (flux.given("kind")) problem.flux = flux.text("kind");
  if (takes_gradients(c, problem)) problem.flux = flux_on_simplices;
  if (problem.flux == flux_on_simplices) {
    problem.diffusion = std::make_shared<const Diffusion>(
        read_diffusion(c.section("diffusion"), c.sections("diffusion.region"), mesh));
  }
  return problem;
}

const StepperEntry& find_stepper(const Case& c, const Problem& problem) {
  const Section time = c.section("time");
  Facts facts(problem);
  facts.adaptive = time.flag("adaptive");
  const StepperChoice choice = choose_stepper(time.text("scheme"), facts);
  if (!choice.entry) refuse(c, choice.refusal);
  return *choice.entry;
}

std::unique_ptr<Stepper> make_stepper(const Case& c, const Problem& problem) {
  return find_stepper(c, problem).make(problem, c.section("time"));
}

}  // namespace otto
