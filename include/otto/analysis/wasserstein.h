#pragma once
// W2 between two densities on one box, with bounds, or the reason why there is none.
//
// On a line with walls the distance of densities that are constant in each cell is that of their
// quantiles, integrated exactly; sums run from both ends to the median, so that tails of tiny mass
// keep their digits. In two and three dimensions the geodesic solver encloses the discrete distance
// (geodesic/geodesic.h).

#include <span>
#include <string>

#include "otto/mesh/mesh.h"

namespace otto {

struct WassersteinDistance {
  double value = 0;             ///< nan where it is not to be had
  double lower = 0, upper = 0;  ///< equal on a line
  std::string obstacle = {};    ///< why there is none
};

/// Why densities on this mesh have no distance; empty where they have one.
std::string wasserstein_obstacle(const Mesh& mesh);

/// `reference` is scaled to the mass of `density` first; for a mass M other than 1 the square is M
/// times that of the densities over M. Owned values. Collective.
WassersteinDistance wasserstein(const Mesh& mesh, std::span<const double> density,
                                std::span<const double> reference);

}  // namespace otto
