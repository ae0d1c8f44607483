#include "otto/operators/sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/casefile/expression.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/casefile/suggest.h"
#include "otto/mesh/region.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "set",
      .doc = "A set of cells, or a side, with a name: for rates and committors, and to absorb in.",
      .repeated = true}},
    {{.path = "set.name",
      .type = Type::text,
      .doc = "By which [analysis] and [boundary] know it.",
      .required = true},
     {.path = "set.expression",
      .type = Type::text,
      .doc = "The cells where it is positive, in x, y and z; its edge lies where it is 0.",
      .equation = "A = {x : f(x) > 0}"},
     {.path = "set.region",
      .type = Type::text,
      .doc =
          "The cells of a region of a Gmsh mesh, by its physical name; of cells around vertices, "
          "those of its elements' vertices."},
     {.path = "set.side",
      .type = Type::text,
      .doc = "A side of the mesh: x_min ... z_max on a box, a physical name on a Gmsh mesh."}}};

/// Of cells around vertices those of the region's own vertices, between which its border runs: through the
/// centres of the outermost ones, whose level is 0 but for this.
constexpr double on_border = 1e-9;

std::vector<double> level_of_region(const Section& section, const Mesh& mesh) {
  std::vector<double> level = shares_of_region(mesh, read_region(section, mesh));
  for (double& share : level) share = share >= 1 ? 1 : share > 0 ? on_border : -1;
  level.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, level);
  return level;
}

void read_cells(const Section& section, const Mesh& mesh, CellSet& set) {
  if (section.given("expression")) {
    const Expression f = read_expression(section, "expression", {"x", "y", "z"});
    check_axes(section, "expression", f, mesh.dimension);
    set.level = level_of(f, mesh);
  } else {
    set.level = level_of_region(section, mesh);
  }
  bool some = false, undefined = false;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    some = some || set.level[k] > 0;
    undefined = undefined || std::isnan(set.level[k]);
  }
  if (mesh.comm.any(undefined)) {
    section.fail("expression",
                 "is not a number in some cells, so that they are neither inside nor outside; "
                 "write it so that it has a value everywhere, negative outside");
  }
  if (!mesh.comm.any(some)) {
    section.fail(section.given("expression") ? "expression" : "region",
                 "holds the centre of no cell; make it larger, or the cells smaller");
  }
}

}  // namespace

double part_outside(double level_K, double level_L) {
  return std::max(min_part_outside, level_K / (level_K - level_L));
}

std::vector<double> level_of(const Expression& expression, const Mesh& mesh) {
  std::vector<double> level(std::size_t(mesh.local()));
  expression.evaluate(mesh.center, 0, level);
  const bool logical = std::ranges::all_of(level, [](double v) { return v == 0 || v == 1; });
  if (!mesh.comm.any(!logical)) {
    for (double& v : level) v = 2 * v - 1;
  }
  mesh.halo.update(mesh.comm, level);
  return level;
}

std::vector<CellSet> read_sets(std::span<const Section> tables, const Mesh& mesh) {
  std::vector<CellSet> sets;
  for (const Section& section : tables) {
    CellSet set{.name = section.text("name")};
    if (set.name.empty() || set.name.find_first_of(",;\"'\n\r\t") != std::string::npos) {
      section.fail(
          "name",
          "names columns of history.csv: it needs a character at least, and none of , ; \" '");
    }
    if (std::ranges::find(sets, set.name, &CellSet::name) != sets.end()) {
      section.fail("name", fmt::format("there is another set '{}'", set.name));
    }
    if (std::ranges::find(mesh.boundary_names, set.name) != mesh.boundary_names.end()) {
      section.fail("name", fmt::format("'{}' is a side of the mesh already", set.name));
    }
    int given = 0;
    for (const char* key : {"expression", "region", "side"}) given += section.given(key) ? 1 : 0;
    if (given != 1) section.fail("", "takes one of the keys expression, region and side");
    if (section.given("side")) {
      set.side = section.text("side");
      if (std::ranges::find(mesh.boundary_names, set.side) == mesh.boundary_names.end()) {
        section.fail("side", fmt::format("the mesh has no side '{}'{} Its sides are {}.", set.side,
                                         did_you_mean(set.side, mesh.boundary_names),
                                         list_words(mesh.boundary_names)));
      }
    } else {
      read_cells(section, mesh, set);
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace otto
