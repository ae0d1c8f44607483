// [run] reproducible: refuses a case whose results may depend on the number of ranks in their last bits whatever
// the solvers do (docs/ranks.md).

#include "otto/driver/reproducible.h"

#include <algorithm>
#include <string>

#include "otto/casefile/case.h"
#include "otto/casefile/key.h"
#include "otto/driver/problem.h"

namespace otto {

namespace {

const Declare key{{},
                  {{.path = "run.reproducible",
                    .type = Type::flag,
                    .doc = "Results with the same bits on every number of ranks and every grid of "
                           "processes. Most have them anyway (docs/ranks.md); where a solver sees "
                           "how the cells are shared out, the first rank does the work of one, and "
                           "a case for which there is no such way is refused.",
                    .fallback = "false"}}};

/// Some rank's block is a single cell thick along an axis that is cut. Collective.
bool thin(const Mesh& mesh) {
  bool mine = false;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    mine = mine || (mesh.box->ranks[a] > 1 && mesh.box->size[a] < 2);
  }
  return mesh.comm.any(mine);
}

bool network_kernel(const Case& c) {
  return std::ranges::any_of(c.sections("energy"), [](const Section& term) {
    return term.text("kind") == "interaction" && term.given("network");
  });
}

}  // namespace

void check_reproducible(const Case& c, const Mesh& mesh) {
  const Section run = c.section("run");
  if (!run.flag("reproducible")) return;
  const auto refuse = [&](const std::string& why) {
    run.fail("reproducible", why + "; take the key out, or see docs/ranks.md for what has them");
  };
  if (!mesh.box) refuse("only boxes have the same bits on every number of ranks");
  if (thin(mesh)) {
    refuse(
        "these ranks share so few cells that some have only one along an axis, which changes last "
        "digits; start fewer ranks");
  }
  if (c.section("analysis").present()) {
    refuse("[analysis] adds fields whose last digits differ from one number of ranks to another");
  }
  if (c.section("flux").text("kind") == "simplex") {
    refuse("the sums of flux.kind = \"simplex\" over triangles are made in an order of the ranks");
  }
  if (network_kernel(c)) {
    refuse("interactions by a network have not the same bits on every number of ranks");
  }
}

void check_reproducible(const Case& c, const Problem& problem) {
  check_reproducible(c, problem.mesh);
}

}  // namespace otto
