#pragma once
// A plane mesh made Delaunay with the vertices it has.

#include "raw_mesh.h"

namespace otto::gmsh {

/// What was done to a mesh.
struct Repairs {
  std::int64_t cut = 0;      ///< quadrilaterals, into two triangles each
  std::int64_t flipped = 0;  ///< sides between two triangles
};

/// Cuts quadrilaterals along the diagonal that is Delaunay, every triangle into 4^`refine`, and flips
/// the sides that are not Delaunay until none is left that may be: sides between two regions and
/// across periods stay. Of a mesh in space nothing is changed.
Repairs make_delaunay(RawMesh& mesh, int refine);

}  // namespace otto::gmsh
