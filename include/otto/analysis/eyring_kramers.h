#pragma once
// Wells of an external energy on a box, the lowest ways between them, and how fast Eyring and
// Kramers expect densities to cross.

#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// The lowest way out of a well into a deeper one.
struct EyringKramersRate {
  Point well, deeper, saddle;  ///< cell centres
  double barrier = 0;          ///< V(saddle) - V(well)
  double rate = 0;             ///< of the relaxation between the two wells, there and back
};

/// Crossings with barriers above kT, slowest first. Wells and saddles on a wall, where the formula
/// does not hold, are left out. `V`: owned values; empty results on meshes that are no boxes and
/// above ten million cells. Collective; every rank gets the same.
std::vector<EyringKramersRate> eyring_kramers(const Mesh& mesh, std::span<const double> V,
                                              double kT);

}  // namespace otto
