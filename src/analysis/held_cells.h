#pragma once
// Level sets in linear systems: how cells are held, and sides whose centres lie on them.

#include "otto/analysis/observables.h"

namespace otto {

/// Weight of a held cell, over its own rates.
inline constexpr double held_weight = 1e10;

/// Where centres lie on a side, its cells as a level set that ends at them.
Target at_centres(const Mesh& mesh, const Target& target);

}  // namespace otto
