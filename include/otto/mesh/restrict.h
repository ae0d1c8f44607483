#pragma once
// Densities on a coarser grid: what runs on two grids are compared on.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// Every cell of the coarse box is made of whole cells of the fine one.
bool nested(const Box& coarse, const Box& fine);

/// Averages of a density over the cells of a coarser box: masses of the fine cells inside, summed,
/// over the coarse volume. `density`: owned values on `fine`; returns owned values on `coarse`. The
/// boxes are nested, or both are the same mesh from a file; the two may be cut differently. Collective.
std::vector<double> restrict_density(const Mesh& fine, std::span<const double> density,
                                     const Mesh& coarse);

}  // namespace otto
