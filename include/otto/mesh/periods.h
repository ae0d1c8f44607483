#pragma once
// How far a mesh reaches, and across which translations it goes on.

#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// The translations of a mesh onto itself across its periodic sides, one for each pair of sides.
std::vector<Point> periods_of(const Mesh& mesh);

/// The least and the largest coordinate along an axis, over all ranks.
double lower_end(const Mesh& mesh, std::size_t axis);
double upper_end(const Mesh& mesh, std::size_t axis);

}  // namespace otto
