#pragma once
#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// The region a table's key names, as an index into Mesh::region_names; -1 where the key
/// is not given. Throws InputError at the key for one the mesh has not.
std::int32_t read_region(const Section& section, const Mesh& mesh, const char* key = "region");

}  // namespace otto
