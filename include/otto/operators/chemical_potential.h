#pragma once
// mu = dF/drho of any free energy, cell by cell.

#include <span>

#include "otto/operators/generator.h"

namespace otto {

/// mu = U'(rho) + V + W * rho on local cells; -inf in empty cells where U'(0+) is. `rho`: owned +
/// ghosts, ghosts up to date. `mu`: owned + ghosts, or owned alone. Below the maximum of a crowd
/// its pressure is 0, at the maximum unknown and left out. Collective.
void chemical_potential(const Generator& generator, std::span<const double> rho,
                        std::span<double> mu);

/// W * rho on owned cells; 0 without an interaction. Collective.
void interaction_field(const Generator& generator, std::span<const double> rho,
                       std::span<double> W);

}  // namespace otto
