#pragma once
// From a part to the finite-volume topology.

#include "../partition/part.h"
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// Mesh::lower, upper and periods. Collective.
void set_extent(Mesh& mesh, const Part& part);

/// The cells of the file, centred at their circumcentres; those with one circumcircle are joined.
/// Collective; throws InputError naming the worst side where no two-point flux is consistent.
Mesh cell_centred(const Comm& comm, const Part& part);

/// One cell around each vertex: the Voronoi dual. Its regions are those with the larger part.
/// Collective; throws InputError naming the worst edge where its dual face is negative.
Mesh vertex_centred(const Comm& comm, const Part& part);

/// One cell around each vertex, bounded by medians, and the simplices they share: for any mesh, and
/// for fluxes from whole gradients. Regions as before. Collective.
Mesh median_centred(const Comm& comm, const Part& part);

}  // namespace otto::gmsh
