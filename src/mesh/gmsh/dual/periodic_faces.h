#pragma once
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// Both copies of a face across a period get the numbers of the side that owns `left`: the other
/// side computed them from moved corners, which differ by rounding. `owners` and `images` are of
/// the ghosts; image 0: not moved. Collective.
void agree_on_periods(Mesh& mesh, const std::vector<std::int32_t>& owners,
                      const std::vector<std::int32_t>& images);

}  // namespace otto::gmsh
