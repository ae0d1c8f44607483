#pragma once

#include "script_network.h"

namespace otto {

/// The layers of Otto's own quadratic network (otto/network/network_design.h); nothing for another module, by its names
/// and its values.
std::optional<DeclaredLayers> declare_quadratic(const Script& script);

}  // namespace otto
