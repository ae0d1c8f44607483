#pragma once
// The mesh of a case.

#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// The mesh of a [mesh] table, by the builder its `kind` names. Collective; throws InputError.
Mesh make_mesh(const Comm& comm, const Section& mesh);

}  // namespace otto
