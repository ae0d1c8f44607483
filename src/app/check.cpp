// `otto check`: everything a run does before its first step, and a summary of what it would do.

#include <fmt/format.h>

#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/app/setup.h"
#include "otto/casefile/case.h"
#include "otto/casefile/describe.h"
#include "otto/core/caution.h"
#include "otto/core/comm.h"
#include "otto/driver/fitter.h"
#include "otto/driver/particle_training.h"
#include "otto/driver/problem.h"
#include "otto/driver/run_output.h"
#include "otto/driver/trainer.h"
#include "otto/mesh/inspect.h"

namespace otto {

namespace {

// The value of a key as the resolved case shows it; "" where it has none.
std::string shown(const Section& section, const std::string& table, const std::string& name) {
  const Key* key = find_key(table + "." + name);
  if (!key || !section.has(name)) return "";
  switch (key->type) {
    case Type::text:
      return section.text(name);
    case Type::real:
      return fmt::format("{}", section.real(name));
    case Type::integers:
      return fmt::format("{}", fmt::join(section.integers(name), " x "));
    default:
      return "";
  }
}

std::string line(const char* name, const std::string& content) {
  return content.empty() ? "" : fmt::format("  {:<8} {}\n", name, content);
}

std::string joined(const std::string& a, const std::string& separator, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + separator + b;
}

std::string summary(const Case& c) {
  const Section mesh = c.section("mesh"), time = c.section("time"), data = c.section("data");
  std::string terms;
  for (const Section& term : c.sections("energy")) {
    const std::string detail = shown(term, "energy", "library");
    terms = joined(terms, " + ",
                   shown(term, "energy", "kind") + (detail.empty() ? "" : " (" + detail + ")"));
  }
  const std::string cells = shown(mesh, "mesh", "cells");
  const std::string stepping =
      time.present() ? joined(shown(time, "time", "scheme"), ", step ", shown(time, "time", "step"))
                     : "";
  return fmt::format("{}: a good case\n", c.file().string()) +
         line("title", c.root().text("title")) +
         line("mesh", !mesh.present() ? ""
                                      : joined(shown(mesh, "mesh", "kind"), ", ",
                                               cells.empty() ? shown(mesh, "mesh", "file")
                                                             : cells + " cells")) +
         line("data", joined(shown(data, "data", "library"), ", ", shown(data, "data", "table")) +
                          shown(data, "data", "samples")) +
         line("train", data.present() && !data.given("snapshots")
                           ? shown(c.section("train"), "train", "objective")
                           : "") +
         line("energy", terms) + line("initial", shown(c.section("initial"), "initial", "kind")) +
         line("time", joined(stepping, ", end ", shown(time, "time", "end")));
}

std::string mesh_lines(const Mesh& mesh) {
  std::string text;
  for (const auto& [name, words] : inspect(mesh)) text += line(name.c_str(), words);
  return text;
}

/// Keys that were given and that this stepper does nothing with.
std::string ignored(const Section& time, const StepperEntry& stepper) {
  const bool adaptive = time.flag("adaptive");
  std::string keys;
  if (time.given("tolerance") && !adaptive && stepper.order < exact_in_time) {
    keys = "time.tolerance";
  }
  if (time.given("max_step") && !adaptive) keys = joined(keys, ", ", "time.max_step");
  return joined(keys, "", keys.empty() ? "" : " (steps are fixed)");
}

/// Which stepper the case gets (otto/time/dispatch.h).
std::string stepper_lines(const Setup& setup) {
  const StepperEntry& stepper = find_stepper(setup.c, setup.problem);
  const bool uses_flux = stepper.solves.flux != FluxUse::none;
  const std::string& chosen = setup.problem.flux;  // given, or by the mesh; else empty
  const std::string flux = chosen.empty() ? setup.c.section("flux").text("kind") : chosen;
  return line("flux",
              uses_flux ? flux : "none; weights " + setup.c.section("time").text("weights")) +
         line("stepper", fmt::format("{} ({})", stepper.method, stepper.file)) +
         line("fallback", stepper.fallback.empty() ? "the step is refused and tried shorter"
                                                   : stepper.fallback) +
         line("ignored", ignored(setup.c.section("time"), stepper));
}

/// Builds everything a run or a training needs, and says what its mesh is like and what will advance
/// the density. Collective.
std::string build(const Comm& comm, const Case& c, const Host* host) {
  if (c.section("data").given("snapshots")) return mesh_lines(FitSetup(comm, c).mesh);
  if (trains_particles(c)) return line("train", ParticleSetup(comm, c).words());
  if (c.section("data").present() && !c.section("time").present()) {
    return mesh_lines(TrainSetup(comm, c).mesh);
  }
  const Setup setup(comm, c, host);
  return mesh_lines(setup.mesh) + stepper_lines(setup);
}

}  // namespace

int check_command(const RunOptions& options) {
  const Comm world = command_comm();
  const Case c = case_of(world, options);
  check_output(c);
  const std::string of_mesh = build(world, c, options.host.get());
  const Critical critical = critical_parameters(world, c, petsc_options(c, options));
  const Resumption resumption =
      find_resumption(world, c, critical, options.resume, output_folder(options));
  std::string text = summary(c) + of_mesh;
  for (const auto& words : take_cautions()) text += "  warning: " + words + "\n";
  for (const auto& words : resumption.warnings) text += "  warning: " + words + "\n";
  for (const auto& words : resumption.words) text += "  " + words + "\n";
  print_once(text);
  return 0;
}

}  // namespace otto
