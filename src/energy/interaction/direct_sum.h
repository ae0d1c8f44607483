#pragma once
#include <memory>
#include <vector>

#include "kernel.h"
#include "otto/energy/interaction.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// (W * rho)_K = sum over all cells L of W_KL vol_L rho_L, on any mesh: n^2 / ranks products, kept
/// as a matrix where that fits into half a gigabyte per rank, else computed anew each time.
/// Collective.
std::unique_ptr<Interaction> make_direct_sum(const std::vector<Kernel>& kernels, const Mesh& mesh);

}  // namespace otto
