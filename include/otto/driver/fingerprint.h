#pragma once
#include <span>
#include <string>

#include "otto/mesh/mesh.h"

namespace otto {

/// A few moments of a density to 10 digits, for comparing runs by eye: mass, mean position, mean
/// square distance from the origin, L2 norm, and a sum with cell-dependent weights that sees where
/// the density is. The same on every rank count up to the last digit. Collective.
std::string fingerprint(const Mesh& mesh, std::span<const double> density);

}  // namespace otto
