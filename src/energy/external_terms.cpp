#include "external_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "expression_energy.h"
#include "otto/casefile/key.h"

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
     {.path = "energy.table",
      .type = Type::text,
      .doc = "File with V: HDF5 with /cells/center and /cells/value (or /cells/external) on the "
             "cells of the mesh, or a .vti image, interpolated linearly.",
      .when = "kind=external",
      .equation = "int V rho"},
     {.path = "energy.array",
      .type = Type::text,
      .doc = "Name of the array to take from a .vti table; the first by default.",
      .fallback = "\"\"",
      .when = "kind=external"},
     {.path = "energy.strength",
      .doc = "Factor by which V is multiplied.",
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
  if (entry == library.end()) term.fail("library", "no external energy is called '" + name + "'");
  if (dimension < entry->least_dimension || dimension > entry->most_dimension) {
    const std::string takes =
        entry->least_dimension == entry->most_dimension
            ? fmt::format("{}", entry->least_dimension)
            : fmt::format("{} to {}", entry->least_dimension, entry->most_dimension);
    term.fail("library", fmt::format("'{}' is an energy in {} dimensions; the mesh has {}", name,
                                     takes, dimension));
  }
  return entry->make(term, dimension);
}

std::unique_ptr<ExternalEnergy> from_source(const Section& term, const Mesh& mesh) {
  if (term.has("expression")) {
    return std::make_unique<ExpressionEnergy>(
        read_expression(term, "expression", term.text("expression")));
  }
  if (term.has("library")) return from_library(term, mesh.dimension);
  return make_cell_table_energy(term.file("table"), mesh);
}

}  // namespace

std::unique_ptr<ExternalEnergy> make_external(const Section& term, const Mesh& mesh) {
  constexpr std::array sources{"expression", "library", "table"};
  const auto given = std::ranges::count_if(sources, [&](auto key) { return term.has(key); });
  if (given != 1) {
    term.fail("kind", given == 0 ? "an external energy needs one of the keys expression, library "
                                   "and table"
                                 : "an external energy takes only one of the keys expression, "
                                   "library and table; write another [[energy]] for another term");
  }
  auto energy = from_source(term, mesh);
  const double strength = term.real("strength");
  if (strength == 1) return energy;
  return std::make_unique<Scaled>(strength, std::move(energy));
}

}  // namespace otto
