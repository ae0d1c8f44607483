#pragma once
// What cells around the vertices have in common, whatever bounds them.

#include <map>
#include <vector>

#include "../file/topology.h"
#include "../partition/part.h"
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// The points of the part that are cells here: `chosen` in local order (own ones by number, then
/// the others by owner and number), `place` the local cell of every point of the part, -1: none.
struct VertexCells {
  std::vector<std::int32_t> chosen, place;
};

/// The sides of the cells of a part, those that are one across a period as one.
std::vector<CellSide> sides_across_periods(const Part& part);
/// Its named sides by their keys there. Empty on a part without points' numbers.
std::map<SideKey, std::int32_t> tags_of_sides(const Part& part);

/// Numbers the points that are `kept`, and counts the mesh's owned cells and ghosts. Of points that
/// are one across a period, the one with the least coordinates stands for all.
VertexCells number_vertices(Mesh& mesh, const Part& part, const std::vector<bool>& kept);

/// Centres, numbers, regions (`volume_fraction`: the volume by label for each cell; the label of a cell is that
/// of the largest) and the halo, by which the ghosts' volumes are filled. Collective.
void add_vertex_cells(Mesh& mesh, const Part& part, const std::vector<std::int32_t>& chosen,
                      const std::vector<std::map<std::int32_t, double>>& volume_fraction);

}  // namespace otto::gmsh
