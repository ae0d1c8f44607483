#pragma once
#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The mesh of a case, by the builder [mesh] kind names. Collective; throws InputError.
Mesh make_mesh(const Comm& comm, const Case& c);

}  // namespace otto
