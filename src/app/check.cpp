// `otto check`: everything a run does before its first step, and a summary of what it would do.

#include <fmt/format.h>

#include "otto/app/commands.h"
#include "otto/app/petsc_options.h"
#include "otto/app/setup.h"
#include "otto/casefile/case.h"
#include "otto/casefile/describe.h"
#include "otto/core/comm.h"
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
         line("mesh", joined(shown(mesh, "mesh", "kind"), ", ",
                             cells.empty() ? shown(mesh, "mesh", "file") : cells + " cells")) +
         line("data", joined(shown(data, "data", "library"), ", ", shown(data, "data", "table")) +
                          shown(data, "data", "samples")) +
         line("train", data.present() ? shown(c.section("train"), "train", "objective") : "") +
         line("energy", terms) + line("initial", shown(c.section("initial"), "initial", "kind")) +
         line("flux", time.present() ? shown(c.section("flux"), "flux", "kind") : "") +
         line("time", joined(stepping, ", end ", shown(time, "time", "end")));
}

std::string mesh_lines(const Mesh& mesh) {
  std::string text;
  for (const auto& [name, words] : inspect(mesh)) text += line(name.c_str(), words);
  return text;
}

/// Builds everything a run or a training needs, and says what its mesh is like. Collective.
std::string build(const Comm& comm, const Case& c) {
  if (c.section("data").present() && !c.section("time").present()) {
    return mesh_lines(TrainSetup(comm, c).mesh);
  }
  return mesh_lines(Setup(comm, c).mesh);
}

}  // namespace

int check_command(const RunOptions& options) {
  const Comm world;
  const Case c = read_case(world, options.case_file, options.settings);
  check_output(c);
  const std::string of_mesh = build(world, c);
  const Critical critical = critical_parameters(world, c, petsc_options(c, options));
  const Resumption resumption =
      find_resumption(world, c, critical, options.resume, output_folder(options));
  std::string text = summary(c) + of_mesh;
  for (const auto& words : resumption.warnings) text += "  warning: " + words + "\n";
  for (const auto& words : resumption.words) text += "  " + words + "\n";
  print_once(text);
  return 0;
}

}  // namespace otto
