#pragma once
// Slopes of cell fields, for error bars.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// Gradient of a cell field; d numbers per owned cell. On boxes the mean of the differences on both sides along every
/// axis; on other meshes g of least sum_L |x_L - x_K|^-2 (V_L - V_K - g.(x_L - x_K))^2 over the neighbours, the
/// shortest where these leave it open. Collective.
std::vector<double> cell_gradients(const Mesh& mesh, std::span<const double> V);

/// Of the box, or of the box around the mesh.
double longest_side(const Mesh& mesh);

}  // namespace otto
