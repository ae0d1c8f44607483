// [run] reproducible: refuses a case whose results may depend on the number of ranks in their last
// bits. What has the same bits everywhere always has them (docs/ranks.md); the key changes nothing else.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "otto/casefile/case.h"
#include "otto/casefile/key.h"
#include "otto/driver/problem.h"
#include "otto/linear/shifted_solver.h"

namespace otto {

namespace {

const Declare key{{},
                  {{.path = "run.reproducible",
                    .type = Type::flag,
                    .doc = "Refuse the case unless its results have the same bits on every number "
                           "of ranks and every grid of processes (docs/ranks.md says which have "
                           "them, and always have); a step that cannot keep this ends the run. "
                           "Nothing else changes.",
                    .fallback = "false"}}};

/// Entropy, external terms and, in proximal steps, interactions whose kernel is no network.
bool takes_energy(const Case& c, const Problem& problem, std::string_view scheme) {
  const FreeEnergy& energy = problem.energy;
  if (problem.generator.linear()) return true;
  const bool entropy = energy.temperature() > 0 && energy.internal().entropy_only();
  if (!entropy || !scheme.starts_with("jko") || !problem.generator.mobility().linear())
    return false;
  return std::ranges::none_of(c.sections("energy"), [](const Section& term) {
    return term.text("kind") == "interaction" && term.given("network");
  });
}

/// Some rank's block is a single cell thick along an axis that is cut. Collective.
bool thin(const Mesh& mesh) {
  bool mine = false;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    mine = mine || (mesh.box->ranks[a] > 1 && mesh.box->size[a] < 2);
  }
  return mesh.comm.any(mine);
}

/// Schemes whose every sum and solve is independent of the partition.
constexpr std::array<std::string_view, 6> schemes{"implicit_euler", "bdf2",        "tr_bdf2", "jko",
                                                  "jko_bdf2",       "jko_midpoint"};

}  // namespace

void check_reproducible(const Case& c, const Problem& problem) {
  const Section run = c.section("run");
  if (!run.flag("reproducible")) return;
  const auto refuse = [&](const std::string& why) {
    run.fail("reproducible", why + "; take the key out, or see docs/ranks.md for what has them");
  };
  if (!problem.mesh.box) refuse("only boxes have the same bits on every number of ranks");
  if (thin(problem.mesh)) {
    refuse(
        "these ranks share so few cells that some have only one along an axis, which changes last "
        "digits; start fewer ranks");
  }
  const Section time = c.section("time");
  const std::string scheme = time.text("scheme");
  if (std::ranges::find(schemes, scheme) == schemes.end()) {
    refuse("time.scheme = \"" + scheme + "\" has not the same bits on every number of ranks");
  }
  if (time.has("inner_steps") && time.integer("inner_steps") > 1) {
    refuse("time.inner_steps > 1 has not the same bits on every number of ranks");
  }
  if (c.section("analysis").present()) {
    refuse("[analysis] adds fields whose last digits differ from one number of ranks to another");
  }
  const Generator& rates = problem.generator;
  if (!rates.symmetric() || !takes_energy(c, problem, scheme) || rates.correction()) {
    refuse(
        "only an entropy, external energies and, in proximal steps, interactions without a "
        "network, "
        "without drift and by a two-point flux in detailed balance, have the same bits on every "
        "number of ranks");
  }
  if (rates.range() > symmetric_range) {
    refuse(fmt::format(
        "V/kT ranges over {:.4g}, and beyond {:g} the solves have not the same bits on every "
        "number of ranks (a smaller box has less of V, and a larger temperature too)",
        rates.range(), symmetric_range));
  }
}

}  // namespace otto
