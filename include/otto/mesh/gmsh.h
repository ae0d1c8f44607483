#pragma once
#include "otto/mesh/make_mesh.h"

namespace otto {

/// The mesh of a Gmsh file, by the keys of [mesh]. Collective; throws InputError naming the file.
Mesh make_gmsh_mesh(const Comm& comm, const Section& section, const MeshUse& use = {});

}  // namespace otto
