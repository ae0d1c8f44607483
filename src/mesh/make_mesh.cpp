#include "otto/mesh/make_mesh.h"

#include "otto/casefile/section.h"
#include "otto/mesh/gmsh.h"

namespace otto {

Mesh make_mesh(const Comm& comm, const Section& mesh) {
  // Every rank holds the same case, so every rank reaches the same verdict.
  if (mesh.text("kind") == "gmsh") return make_gmsh_mesh(comm, mesh);
  return make_box_mesh(comm, read_box(mesh));
}

}  // namespace otto
