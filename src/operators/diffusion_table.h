#pragma once
// D from a table: D = scale * table + shift > 0.

#include "otto/energy/function.h"
#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// Of [diffusion] `table`, a lattice of any format of otto/tables, interpolated wherever D is asked for:
/// at faces, walls and centres. Evaluating it outside is an InputError unless `outside` says
/// what D is there. Throws InputError where the file is no lattice, or D not positive at a point of it.
Function read_diffusion_table(const Section& section, const Mesh& mesh);

/// Throws InputError where a key that belongs to `table` stands without it.
void refuse_keys_without_table(const Section& section);

}  // namespace otto
