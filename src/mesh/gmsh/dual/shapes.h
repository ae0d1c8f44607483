#pragma once
#include "../partition/part.h"
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// Pictures of a mesh's owned cells, the members of each being cells of the part. Where joined
/// cells make polyhedra, also the pieces they consist of.
void set_shapes(Mesh& mesh, const Part& part,
                const std::vector<std::vector<std::int32_t>>& members);

}  // namespace otto::gmsh
