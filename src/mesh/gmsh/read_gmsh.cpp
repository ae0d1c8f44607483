// [mesh] kind = "gmsh": the keys, and the way from a file to a Mesh.

#include "builders.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/mesh/gmsh.h"
#include "part.h"

namespace otto {

namespace {

const Declare declare{
    {},
    {{.path = "mesh.file",
      .type = Type::text,
      .doc = "Gmsh mesh (.msh, version 2.2 or 4.1, text or binary) of triangles, quadrilaterals, "
             "tetrahedra or hexahedra; physical names become regions and sides.",
      .required = true,
      .when = "kind=gmsh",
      .file = true},
     {.path = "mesh.refine",
      .type = Type::integer,
      .doc = "How often every cell is cut into 2^d after the mesh is distributed.",
      .fallback = "0",
      .range = {.least = 0, .most = 12},
      .when = "kind=gmsh"},
     {.path = "mesh.control_volumes",
      .type = Type::text,
      .doc = "What the cells of the scheme are.",
      .fallback = "\"elements\"",
      .when = "kind=gmsh"},
     {.path = "mesh.partitioner",
      .type = Type::text,
      .doc = "How the ranks share the cells.",
      .fallback = "\"bisection\"",
      .when = "kind=gmsh"}},
    {{.path = "mesh.control_volumes",
      .value = "elements",
      .doc = "The elements of the file, centred at their circumcentres."},
     {.path = "mesh.control_volumes",
      .value = "vertices",
      .doc =
          "One cell around each vertex, bounded by the perpendicular bisectors of the edges (the "
          "Voronoi dual)."},
     {.path = "mesh.control_volumes",
      .value = "medians",
      .doc =
          "One cell around each vertex, bounded by medians: for `flux.kind = \"simplex\"`, on any "
          "mesh."},
     {.path = "mesh.kind",
      .value = "gmsh",
      .doc = "A mesh of triangles, quadrilaterals, tetrahedra "
             "or hexahedra from a Gmsh file."},
     {.path = "mesh.partitioner",
      .value = "bisection",
      .doc = "Cut across the longest extent again and again: the same for every run."},
     {.path = "mesh.partitioner",
      .value = "ptscotch",
      .doc = "PT-Scotch: fewer cells to exchange, a little different from run to run."},
     {.path = "mesh.partitioner", .value = "blocks", .doc = "Cells in the order of the file."}}};

}  // namespace

Mesh make_gmsh_mesh(const Comm& comm, const Section& section) {
  const std::string how = section.text("partitioner");
  const std::string cells = section.text("control_volumes");
  const auto around = cells == "elements" ? gmsh::Around::elements : gmsh::Around::vertices;
  gmsh::Part part = gmsh::distribute(comm, section.file("file"),
                                     how == "bisection"  ? gmsh::Partitioner::bisection
                                     : how == "ptscotch" ? gmsh::Partitioner::ptscotch
                                                         : gmsh::Partitioner::blocks,
                                     around);
  gmsh::refine(comm, part, int(section.integer("refine")));
  return cells == "elements"   ? gmsh::cell_centred(comm, part)
         : cells == "vertices" ? gmsh::vertex_centred(comm, part)
                               : gmsh::median_centred(comm, part);
}

}  // namespace otto
