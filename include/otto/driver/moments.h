#pragma once
#include <span>
#include <string>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// Mean and covariance of a density, the mass of each cell being counted at its centre (which on
/// equal cells makes a smooth density's variance along an axis h^2/12 larger than it is):
/// m = sum vol rho x / sum vol rho, C = sum vol rho (x - m)(x - m)^T / sum vol rho, as
/// mean_x, mean_y, ..., cov_xx, cov_xy, ..., cov_yy, ...: d + d (d + 1)/2 numbers.
/// `density`: owned values. Collective.
std::vector<double> moments(const Mesh& mesh, std::span<const double> density);
/// Their names, in that order.
std::vector<std::string> moment_names(int dimension);

}  // namespace otto
