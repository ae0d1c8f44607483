#pragma once
// Interactions as [[energy]] tables of kind "interaction" give them.

#include <memory>
#include <vector>

#include "kernel.h"
#include "otto/casefile/section.h"
#include "otto/energy/interaction.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// W of one term, times `strength`; a network it names is added to `networks`. Never communicates.
/// Throws InputError, also where the mesh is not a box with equal cells.
Kernel make_kernel(const Section& term, const Mesh& mesh, NetworkUses& networks);

/// The interaction with the sum of the kernels. Collective.
std::unique_ptr<Interaction> make_interaction(const std::vector<Kernel>& kernels, const Mesh& mesh);

}  // namespace otto
