#pragma once
// Otto's own mlp (otto/network/network_design.h) layer by layer, so that products with its Jacobian
// are plain matrix products.

#include "script_network.h"

namespace otto {

/// Whether a module is such an mlp in float64, by its names, its shapes and its values, bit for
/// bit.
bool is_mlp(const Script& script);

/// Its arrays and its layers.
std::optional<DeclaredLayers> declare_mlp(const Script& script);

/// U of such an mlp linearised in its parameters.
std::unique_ptr<Linearisation> linearise_mlp(const Script& script, std::span<const Point> points);

}  // namespace otto
