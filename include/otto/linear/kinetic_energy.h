#pragma once
// The least kinetic energy that moves a density at a given rate.

#include <limits>
#include <span>

#include "otto/mesh/mesh.h"

namespace otto {

/// min over fluxes m of sum_faces (volume of the face) m^2 / rho  with  rate + div m = 0, that is
/// sum_K vol_K rate_K psi_K  where  -div(rho grad psi) = rate,  rho on a face being the mean of its
/// two cells. `density` > 0: owned and ghost values; `rate`: owned values of sum vol rate = 0.
/// The mesh is a box. Infinity where CG does not converge. Collective.
double min_kinetic_energy(const Mesh& mesh, std::span<const double> density,
                          std::span<const double> rate);

}  // namespace otto
