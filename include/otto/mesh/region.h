#pragma once
#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// The region a table's key names, as an index into Mesh::region_names; -1 where the key
/// is not given. Throws InputError at the key for one the mesh has not, or that holds no cell.
std::int32_t read_region(const Section& section, const Mesh& mesh, const char* key = "region");

/// The share of each owned cell's volume that lies in a region, 0 ... 1.
std::vector<double> shares_of_region(const Mesh& mesh, std::int32_t region);

/// The volume of each region over all ranks, from the labels or shares of the cells. Collective.
std::vector<double> region_volumes(const Mesh& mesh);

}  // namespace otto
