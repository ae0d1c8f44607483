#pragma once
// External energies as an [[energy]] table of kind "external" gives them.

#include <filesystem>
#include <memory>
#include <string>

#include "otto/casefile/section.h"
#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The key that says what V is: expression, library, table or network. InputError unless exactly
/// one does.
std::string external_source(const Section& term);

/// V of one term, times `strength`; a network it names is added to `networks`. Reads files but
/// never communicates. Throws InputError.
std::unique_ptr<ExternalEnergy> make_external(const Section& term, const Mesh& mesh,
                                              NetworkUses& networks);

/// V given at the cells of the mesh in an HDF5 file (/cells/center and /cells/value or
/// /cells/external), rows in any order.
std::unique_ptr<ExternalEnergy> make_cell_table_energy(const std::filesystem::path& file,
                                                       const Mesh& mesh);
/// V given on a lattice in a .vti file, interpolated linearly along each axis.
std::unique_ptr<ExternalEnergy> make_image_energy(const std::filesystem::path& file,
                                                  const std::string& array, int dimension);

}  // namespace otto
