#pragma once
// The rows in which sums over the cells of a mesh are made.

#include "otto/core/row_block.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// How many rows along y are added up before sums are made reproducible: as many as leave this many
/// groups along y; each rank has whole groups as long as there are no more ranks along y.
inline constexpr std::int64_t min_row_groups = 32;
std::int64_t rows_per_group(const Box& box);

/// Of the owned cells. Other meshes than boxes have one row.
RowBlock rows_of(const Mesh& mesh);

}  // namespace otto
