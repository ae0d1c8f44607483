#include "diffusion_table.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <memory>

#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/mesh/periods.h"
#include "otto/tables/lattice_table.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "diffusion.table",
      .type = Type::text,
      .doc = "File with D > 0 on a lattice of its own, interpolated: columns of text (x, y, z, D; "
             "also CSV and PLUMED's grids), .npy, .npz, HDF5 with /cells/center and /cells/value, "
             "or a .vti image. It covers the mesh out to its walls.",
      .equation = "d_t rho = div(D (kT grad rho + rho grad V))",
      .file = true},
     {.path = "diffusion.array",
      .type = Type::text,
      .doc = "Name of the column or array of `table` that holds D; by default the first, after the "
             "coordinates.",
      .fallback = "\"\""},
     {.path = "diffusion.interpolation",
      .type = Type::text,
      .doc = "How D is found between the points of the table.",
      .fallback = "\"linear\""},
     {.path = "diffusion.scale",
      .doc = "Factor of the table's values: D = scale * table + shift.",
      .fallback = "1.0"},
     {.path = "diffusion.shift",
      .doc = "Added to the table's values: D = scale * table + shift.",
      .fallback = "0.0"},
     {.path = "diffusion.missing",
      .doc = "D at points of the table that are not there or hold nan or inf. An error by default.",
      .range = positive},
     {.path = "diffusion.outside",
      .type = Type::text,
      .doc = "What D is outside the table.",
      .fallback = "\"error\""}},
    {{"diffusion.interpolation", "linear", "Along straight lines."},
     {"diffusion.interpolation", "cubic", "By cubics with continuous slopes; linear beside holes."},
     {"diffusion.outside", "error", "A point of the mesh outside the table is an error."},
     {"diffusion.outside", "nearest", "The value of the nearest point."}}};

constexpr std::array table_keys{"array", "interpolation", "scale", "shift", "missing", "outside"};

/// D(x), told with the place of the key where x is outside.
class TableDiffusion final : public ExternalEnergy {
 public:
  TableDiffusion(Section section, LatticeTable table, double scale, double shift)
      : section_(std::move(section)), table_(std::move(table)), scale_(scale), shift_(shift) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    at_key(section_, "table", [&] {
      for (std::size_t i = 0; i < points.size(); ++i) {
        values[i] = scale_ * table_.at(points[i]) + shift_;
      }
    });
  }

 private:
  Section section_;
  LatticeTable table_;
  double scale_, shift_;
};

}  // namespace

void refuse_keys_without_table(const Section& section) {
  if (section.given("table")) return;
  for (const char* key : table_keys) {
    if (section.given(key)) section.fail(key, "belongs to `table`, which is not given");
  }
}

Function read_diffusion_table(const Section& section, const Mesh& mesh) {
  const int d = mesh.dimension;
  const double scale = section.real("scale"), shift = section.real("shift");
  if (scale == 0) section.fail("scale", "must not be 0; a constant D needs no table");
  const auto fault = [=](double value) -> std::string {
    const double D = scale * value + shift;
    if (std::isfinite(D) && D > 0) return "";
    return scale == 1 && shift == 0
               ? "D must be positive"
               : fmt::format("D = scale * value + shift = {} must be positive", D);
  };
  return at_key(section, "table", [&] {
    Lattice lattice = read_lattice(section.file("table"), d,
                                   {.array = section.text("array"),
                                    .may_miss = section.given("missing"),
                                    .advice = "missing = a number says what D is there",
                                    .fault = fault});
    repeat_as_mesh(lattice, periods_of(mesh), d);
    LatticeRules rules{.cubic = section.text("interpolation") == "cubic",
                       .point = "point",
                       .advice =
                           "; D is asked for out to the walls, and outside = \"nearest\" "
                           "takes the value of the nearest point there"};
    if (section.given("missing")) rules.missing = (section.real("missing") - shift) / scale;
    if (section.text("outside") == "nearest") rules.outside = LatticeRules::Outside::nearest;
    return Function(std::make_shared<TableDiffusion>(
                        section, LatticeTable(std::move(lattice), d, rules), scale, shift),
                    {d > 0, d > 1, d > 2, false}, section.text("table"));
  });
}

}  // namespace otto
