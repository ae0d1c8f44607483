#pragma once
// Densities from files, at the cells of a mesh.

#include <filesystem>
#include <string>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

struct CellDensityOptions {
  bool outside_is_empty = false;  ///< cells outside a lattice hold nothing; else an error,
  std::string advice = {};        ///< which says what to do
};

/// Densities (mass per volume) of the owned cells: /cells/density of the same cells, in any order,
/// or values on a lattice of its own (tables/lattice.h), interpolated linearly at the cell centres;
/// points without a value hold nothing. Throws InputError. Not collective.
std::vector<double> density_at_cells(const std::filesystem::path& file, const Mesh& mesh,
                                     const CellDensityOptions& options);

}  // namespace otto
