#pragma once
// Wells of an external energy on a box, the lowest ways between them, and how fast Eyring and
// Kramers expect densities to cross.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// From a well into a deeper one.
struct EyringKramersRate {
  Point well, deeper, saddle;  ///< cell centres; the lowest saddle between the two
  double barrier = 0;          ///< V(saddle) - V(well)
  double rate = 0;  ///< of the relaxation between the two wells, there and back, over all passes
  std::int64_t passes = 0;  ///< saddles between the two
};

struct EyringKramers {
  std::vector<EyringKramersRate> crossings;  ///< slowest first
  std::int64_t left_out = 0;  ///< others, whose wells or passes lie on a wall or are no parabolas
};

/// Crossings with barriers above kT. `V`: owned values; nothing on meshes that are no boxes and
/// above ten million cells. Collective; every rank gets the same.
EyringKramers eyring_kramers(const Mesh& mesh, std::span<const double> V, double kT);

}  // namespace otto
