#pragma once
// Meshes of Gmsh (.msh 2.2 and 4.1, text and binary): triangles, quadrilaterals, tetrahedra and
// hexahedra. docs/meshes.md.

#include "otto/mesh/make_mesh.h"

namespace otto {

/// The mesh of a Gmsh file, by the keys of [mesh]. Collective; throws InputError naming the file.
Mesh make_gmsh_mesh(const Comm& comm, const Section& section, const MeshUse& use = {});

}  // namespace otto
