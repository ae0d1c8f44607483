#pragma once
#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// The mesh of a Gmsh file, by the keys of [mesh]. Collective; throws InputError naming the file.
Mesh make_gmsh_mesh(const Comm& comm, const Section& section);

}  // namespace otto
