#pragma once
// What the whole mesh looks like on the rank that reads it: who is next to whom.

#include <vector>

#include "../partition/part.h"
#include "raw_mesh.h"

namespace otto::gmsh {

/// Two cells joined across a period: `copy` has the side whose vertices are copies of `original`'s.
struct PeriodicPair {
  std::int32_t cell = 0, other = 0;  ///< cell has the copies, other the originals
  std::vector<std::pair<std::int32_t, std::int32_t>> vertices;  ///< (of cell, of other)
  Point shift{};  ///< from the originals to the copies
};

struct Connections {
  Graph graph;                        ///< cells with a common side
  std::vector<std::int32_t> cluster;  ///< the first cell with the same circumcircle
  std::vector<PeriodicPair> periods;
  std::vector<std::int32_t> face_cell;  ///< the cell of each of RawMesh::faces at a wall, else -1
};

/// Throws InputError where a side has three cells, where two cells lie on the same side of a common
/// face, and where periodic sides do not fit.
Connections connect(const RawMesh& mesh);

}  // namespace otto::gmsh
