// [mesh] kind = "box": the keys of a box and what must hold between them.

#include <unistd.h>

#include <cmath>
#include <string>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/mesh/box.h"

namespace otto {

namespace {

const Declare declare{
    {{.path = "mesh",
      .doc = "Where the density lives.",
      .required = true,
      .unless = {"data.samples", "data.target"}}},
    {{.path = "mesh.kind",
      .type = Type::text,
      .doc = "How the mesh is made.",
      .fallback = "\"box\""},
     {.path = "mesh.lower",
      .type = Type::reals,
      .doc = "Lower corner, one number per axis.",
      .required = true,
      .when = "kind=box"},
     {.path = "mesh.upper",
      .type = Type::reals,
      .doc = "Upper corner, one number per axis.",
      .required = true,
      .when = "kind=box"},
     {.path = "mesh.cells",
      .type = Type::integers,
      .doc = "Number of cells along each axis; 1, 2 or 3 entries set the dimension.",
      .required = true,
      .range = {.min = 1},
      .when = "kind=box"},
     {.path = "mesh.periodic",
      .type = Type::flags,
      .doc = "Which axes are periodic; the others end at walls without flux.",
      .when = "kind=box"},
     {.path = "mesh.grading",
      .type = Type::reals,
      .doc = "Width of the last cell over that of the first, per axis; widths grow geometrically.",
      .range = positive,
      .when = "kind=box",
      .equation = "w_i = w_0 q^i, q^(n-1) = grading"},
     {.path = "mesh.nodes_x",
      .type = Type::reals,
      .doc = "Cell boundaries along x, increasing, cells + 1 of them, instead of a grading.",
      .when = "kind=box"},
     {.path = "mesh.nodes_y",
      .type = Type::reals,
      .doc = "Cell boundaries along y, increasing, cells + 1 of them, instead of a grading.",
      .when = "kind=box"},
     {.path = "mesh.nodes_z",
      .type = Type::reals,
      .doc = "Cell boundaries along z, increasing, cells + 1 of them, instead of a grading.",
      .when = "kind=box"}},
    {{.path = "mesh.kind",
      .value = "box",
      .doc = "A box of tensor-product cells in 1, 2 or 3 dimensions."}}};

constexpr double bytes_per_cell = 300;  // topology, fields and multigrid hierarchy, roughly

/// Refuses what no machine could hold before anything is allocated for it.
void check_count(const Section& mesh, double cells) {
  const double memory = double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE));
  if (cells < 2e9 && cells * bytes_per_cell < 64 * memory) return;  // a cluster has many nodes
  mesh.fail("cells", "are " + std::to_string(std::llround(cells / 1e6)) +
                         " million in all, more than this version can number or hold; take fewer");
}

std::vector<double> given_nodes(const Section& mesh, const std::string& key, std::int64_t cells,
                                double lower, double upper) {
  const auto nodes = mesh.reals(key);
  if (std::int64_t(nodes.size()) != cells + 1) {
    mesh.fail(key, "has " + std::to_string(nodes.size()) + " entries; " + std::to_string(cells) +
                       " cells need " + std::to_string(cells + 1));
  }
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (!(nodes[i] > nodes[i - 1])) {
      mesh.fail(key, "must increase: entry " + std::to_string(i + 1) + " does not");
    }
  }
  if (nodes.front() != lower || nodes.back() != upper) {
    mesh.fail(key, "must begin at mesh.lower and end at mesh.upper of its axis");
  }
  return nodes;
}

}  // namespace

Box read_box(const Section& mesh) {
  const auto cells = mesh.integers("cells");
  if (cells.empty() || cells.size() > 3) {
    mesh.fail("cells", "has " + std::to_string(cells.size()) +
                           " entries; a box has 1, 2 or 3 axes, with one entry each");
  }
  const auto entries = [&](const std::string& key, auto values) {
    if (values.size() != cells.size()) {
      mesh.fail(key, "has " + std::to_string(values.size()) + " entries where mesh.cells has " +
                         std::to_string(cells.size()));
    }
    return values;
  };
  const auto lower = entries("lower", mesh.reals("lower"));
  const auto upper = entries("upper", mesh.reals("upper"));
  std::vector<bool> periodic(cells.size(), false);
  std::vector<double> grading(cells.size(), 1.0);
  if (mesh.given("periodic")) periodic = entries("periodic", mesh.flags("periodic"));
  if (mesh.given("grading")) grading = entries("grading", mesh.reals("grading"));

  double total = 1;
  for (const std::int64_t n : cells) total *= double(n);
  check_count(mesh, total);
  Box box;
  box.dimension = int(cells.size());
  static const char* const node_keys[] = {"nodes_x", "nodes_y", "nodes_z"};
  for (std::size_t a = 0; a < 3; ++a) {
    const std::string key = node_keys[a];
    if (a >= cells.size()) {
      if (mesh.given(key)) mesh.fail(key, "is given, but mesh.cells has no such axis");
      continue;
    }
    if (!(lower[a] < upper[a])) {
      mesh.fail("upper",
                "must be greater than mesh.lower: entry " + std::to_string(a + 1) + " is not");
    }
    box.periodic[a] = periodic[a];
    if (mesh.given(key)) {
      if (grading[a] != 1.0) mesh.fail(key, "and a grading of that axis exclude each other");
      box.nodes[a] = given_nodes(mesh, key, cells[a], lower[a], upper[a]);
    } else {
      box.nodes[a] = graded_nodes(lower[a], upper[a], cells[a], grading[a]);
    }
  }
  return box;
}

}  // namespace otto
