#pragma once
// [run] reproducible, as the commands ask for it.

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// Throws InputError where the key is set and bits may depend on the ranks whatever the solvers do. Collective.
void check_reproducible(const Case& c, const Mesh& mesh);

}  // namespace otto
