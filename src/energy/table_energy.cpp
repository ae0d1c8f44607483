// V from tables, as other programs write them: V = scale * table + shift.

#include <array>
#include <cmath>
#include <optional>

#include "external_terms.h"
#include "otto/casefile/key.h"
#include "otto/mesh/periods.h"
#include "otto/tables/columns.h"
#include "otto/tables/lattice_table.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "energy.table",
      .type = Type::text,
      .doc = "File with V: columns of text (x, y, z, V; also CSV and PLUMED's grids), .npy, .npz, "
             "HDF5 with /cells/center and /cells/value (or /cells/external), or a .vti image. On "
             "the cells of the mesh, or on a lattice of its own, interpolated.",
      .when = "kind=external",
      .equation = "int V rho",
      .file = true},
     {.path = "energy.array",
      .type = Type::text,
      .doc = "Name of the column or array of `table` that holds V; by default the first, after the "
             "coordinates.",
      .fallback = "\"\"",
      .when = "kind=external"},
     {.path = "energy.interpolation",
      .type = Type::text,
      .doc = "How V is found between the points of a table with a lattice of its own.",
      .fallback = "\"linear\"",
      .when = "kind=external"},
     {.path = "energy.scale",
      .doc = "Factor of a table's values: V = scale * table + shift.",
      .fallback = "1.0",
      .when = "kind=external"},
     {.path = "energy.shift",
      .doc = "Added to a table's values: V = scale * table + shift.",
      .fallback = "0.0",
      .when = "kind=external"},
     {.path = "energy.missing",
      .type = Type::real_or_text,
      .doc = "What V is at points of a table that are not there or hold nan or inf (bins that were "
             "never visited): a number, or \"wall\". An error by default.",
      .when = "kind=external"},
     {.path = "energy.outside",
      .type = Type::text,
      .doc = "What V is outside a table with a lattice of its own.",
      .fallback = "\"error\"",
      .when = "kind=external"}},
    {{"energy.interpolation", "linear", "Along straight lines; corners where cells meet."},
     {"energy.interpolation", "cubic", "By cubics with continuous slopes; linear beside holes."},
     {"energy.missing", "wall", "50 kT above the largest value of the table."},
     {"energy.outside", "error", "A cell centre outside the table is an error."},
     {"energy.outside", "nearest", "The value of the nearest point."},
     {"energy.outside", "wall", "50 kT above the largest value of the table."}}};

constexpr std::array table_keys{"array", "interpolation", "scale", "shift", "missing", "outside"};

/// A density e^-50 = 2e-22 of the least one that the table tells of is none; kT = 0 has no scale but
/// the table's own.
double wall_height(const std::array<double, 2>& range, double temperature) {
  constexpr double wall = 50;
  const double largest = range[1] - range[0];
  return range[1] + (temperature > 0 ? wall * temperature : 10 * (largest > 0 ? largest : 1.0));
}

/// V(x) by Table::at.
template <class Table>
class TableEnergy final : public ExternalEnergy {
 public:
  TableEnergy(Table table, double scale, double shift)
      : table_(std::move(table)), scale_(scale), shift_(shift) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) {
      values[i] = scale_ * table_.at(points[i]) + shift_;
    }
  }

 private:
  Table table_;
  double scale_, shift_;
};

/// On the lattice of the file, which has to cover the cell centres; where the mesh repeats along an axis, so does the table.
LatticeTable read_lattice_table(const Section& term, const Mesh& mesh, double temperature) {
  const bool may_miss = term.has("missing");
  Lattice lattice =
      read_lattice(term.file("table"), mesh.dimension,
                   {.array = term.text("array"),
                    .may_miss = may_miss,
                    .advice = "missing = \"wall\", or a number, says what V is there"});
  repeat_as_mesh(lattice, periods_of(mesh), mesh.dimension);
  LatticeRules rules{.cubic = term.text("interpolation") == "cubic"};
  rules.advice = "; outside = \"nearest\" or \"wall\" says what V is there";
  const double scale = term.real("scale"), shift = term.real("shift");
  const auto range = range_of(lattice);
  const std::array<double, 2> V{std::min(scale * range[0], scale * range[1]) + shift,
                                std::max(scale * range[0], scale * range[1]) + shift};
  rules.wall = scale == 0 ? 0 : (wall_height(V, temperature) - shift) / scale;
  if (may_miss) {
    rules.missing =
        term.holds_text("missing") ? rules.wall : (term.real("missing") - shift) / scale;
  }
  if (term.text("outside") == "nearest") rules.outside = LatticeRules::Outside::nearest;
  if (term.text("outside") == "wall") rules.outside = LatticeRules::Outside::wall;
  LatticeTable table(std::move(lattice), mesh.dimension, rules);
  for (std::int32_t i = 0; i < mesh.owned; ++i) (void)table.at(mesh.center[std::size_t(i)]);
  return table;
}

}  // namespace

void refuse_table_keys(const Section& term) {
  for (const char* key : table_keys) {
    if (term.given(key)) term.fail(key, "belongs to `table`, which is not given");
  }
}

std::unique_ptr<ExternalEnergy> make_table_energy(const Section& term, const Mesh& mesh,
                                                  double temperature) {
  const std::filesystem::path file = term.file("table");
  const double scale = term.real("scale"), shift = term.real("shift");
  if (scale == 0) term.fail("scale", "must not be 0; a constant V needs no table");
  if (is_of_mesh(file, mesh)) {
    return std::make_unique<TableEnergy<CellTable>>(
        CellTable(file, {"/cells/value", "/cells/external"}, mesh), scale, shift);
  }
  return std::make_unique<TableEnergy<LatticeTable>>(read_lattice_table(term, mesh, temperature),
                                                     scale, shift);
}

}  // namespace otto
