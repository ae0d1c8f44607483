#include "external_terms.h"

#include <fmt/format.h>

#include <algorithm>

#include "expression_energy.h"
#include "network_term.h"
#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "energy.expression",
      .type = Type::text,
      .doc = "V as an expression in x, y, z and t.",
      .when = "kind=external",
      .equation = "int V rho"},
     {.path = "energy.library",
      .type = Type::text,
      .doc = "V by its name in the library.",
      .when = "kind=external",
      .equation = "int V rho"},
     {.path = "energy.region",
      .type = Type::text,
      .doc =
          "Region of a Gmsh mesh (a physical name) outside which the term is zero; of an entropy, "
          "the region that has its temperature.",
      .when = "kind=external|entropy",
      .equation = "int_region V rho"},
     {.path = "energy.strength",
      .doc = "Factor by which the term is multiplied.",
      .fallback = "1.0",
      .when = "kind=external",
      .equation = "strength int V rho"}}};

class Scaled final : public ExternalEnergy {
 public:
  Scaled(double factor, std::unique_ptr<ExternalEnergy> energy)
      : factor_(factor), energy_(std::move(energy)) {}
  void evaluate(std::span<const Point> points, double t, std::span<double> values) const override {
    energy_->evaluate(points, t, values);
    for (double& v : values) v *= factor_;
  }
  bool depends_on_time() const override { return energy_->depends_on_time(); }

 private:
  double factor_;
  std::unique_ptr<ExternalEnergy> energy_;
};

std::unique_ptr<ExternalEnergy> from_library(const Section& term, int dimension) {
  const std::string name = term.text("library");
  const auto& library = external_library();
  const auto entry = std::ranges::find(library, name, &LibraryEntry::name);
  if (entry == library.end()) {
    term.fail("library", "no external energy is called '" + name +
                             "'; kernels like it belong "
                             "beside kind = \"interaction\"");
  }
  if (dimension < entry->min_dimension || dimension > entry->max_dimension) {
    const std::string takes =
        entry->min_dimension == entry->max_dimension
            ? fmt::format("{}", entry->min_dimension)
            : fmt::format("{} to {}", entry->min_dimension, entry->max_dimension);
    term.fail("library", fmt::format("'{}' is an energy in {} dimensions; the mesh has {}", name,
                                     takes, dimension));
  }
  return entry->make(term, dimension);
}

}  // namespace

std::string external_source(const Section& term) {
  std::vector<std::string> given;
  for (const char* key : {"expression", "library", "table", "network"}) {
    if (term.has(key)) given.emplace_back(key);
  }
  if (given.size() == 1) return given[0];
  term.fail("kind", given.empty()
                        ? "an external energy needs one of the keys expression, library, "
                          "table and network"
                        : "an external energy takes only one of the keys expression, "
                          "library, table and network; write another [[energy]] for another term");
}

std::unique_ptr<ExternalEnergy> make_external(const Section& term, const Mesh& mesh,
                                              double temperature, NetworkUses& networks) {
  const std::string source = external_source(term);
  if (source != "table") refuse_table_keys(term);
  std::unique_ptr<ExternalEnergy> energy;
  if (source == "expression") {
    energy = std::make_unique<ExpressionEnergy>(
        read_expression(term, source, term.text(source), mesh.dimension));
  } else if (source == "library") {
    energy = from_library(term, mesh.dimension);
  } else if (source == "network") {
    networks.push_back(read_network_term(term, mesh.dimension));
    energy = make_network_energy(networks.back());
  } else {
    energy = at_key(term, source, [&] { return make_table_energy(term, mesh, temperature); });
  }
  const double strength = term.real("strength");
  if (strength == 1) return energy;
  return std::make_unique<Scaled>(strength, std::move(energy));
}

}  // namespace otto
