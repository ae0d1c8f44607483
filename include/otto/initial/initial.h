#pragma once
// Cell averages of initial and exact densities.

#include <memory>
#include <optional>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The initial density of [initial]: cell averages on owned cells, scaled so that
/// sum volume * density = mass. Collective; throws InputError (negative density, zero mass, ...).
std::vector<double> initial_density(const Case& c, const Mesh& mesh, const FreeEnergy& energy);

/// Cell averages of [exact] density at time t on owned cells; nullopt without the table.
std::optional<std::vector<double>> exact_density(const Case& c, const Mesh& mesh, double t);

}  // namespace otto
