#pragma once
// What cells around the vertices have in common, whatever bounds them.

#include <map>
#include <vector>

#include "../partition/part.h"
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// The points of the part that are cells here: `chosen` in local order (own ones by number, then
/// the others by owner and number), `place` the local cell of every point of the part, -1: none.
struct VertexCells {
  std::vector<std::int32_t> chosen, place;
};

/// Numbers the points that are `kept`, and counts the mesh's owned cells and ghosts.
VertexCells number_vertices(Mesh& mesh, const Part& part, const std::vector<bool>& kept);

/// Centres, numbers, regions (that of the largest part: `share` by region for each cell) and the
/// halo, by which the ghosts' volumes are filled. Collective.
void add_vertex_cells(Mesh& mesh, const Part& part, const std::vector<std::int32_t>& chosen,
                      const std::vector<std::map<std::int32_t, double>>& share);

}  // namespace otto::gmsh
