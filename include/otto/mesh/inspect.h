#pragma once
#include <string>
#include <utility>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// What a mesh is and how well it carries two-point fluxes, as (name, words) pairs for a summary.
/// Collective.
std::vector<std::pair<std::string, std::string>> inspect(const Mesh& mesh);

}  // namespace otto
