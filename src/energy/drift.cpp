// The drift b(x, t) of [drift], a velocity added to -grad V:
//
//   d_t rho = div(kT grad rho + rho grad V - rho b).

#include <fmt/format.h>

#include "expression_energy.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{{{"drift", "A velocity b added to -grad V, not necessarily a gradient."}},
                   {{.path = "drift.expression",
                     .type = Type::texts,
                     .doc = "The components of b, one expression in x, y, z and t per axis.",
                     .required = true,
                     .equation = "d_t rho = div(kT grad rho + rho grad V - rho b)"}}};

}  // namespace

std::unique_ptr<Drift> make_drift(const Section& section, int dimension) {
  if (!section.present()) return nullptr;
  const std::vector<std::string> texts = section.texts("expression");
  if (texts.size() != static_cast<std::size_t>(dimension)) {
    section.fail("expression", fmt::format("has {} entries; the mesh has {} axes, each of which "
                                           "takes one",
                                           texts.size(), dimension));
  }
  auto drift = std::make_unique<Drift>();
  for (const std::string& text : texts) {
    drift->component.push_back(std::make_unique<ExpressionEnergy>(
        read_expression(section, "expression", text, dimension)));
  }
  return drift;
}

}  // namespace otto
