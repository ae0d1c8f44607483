#pragma once
// Two densities on one box, from files in the layout of final.h5.

#include <filesystem>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// Two densities of the same mass.
struct DensityPair {
  Mesh mesh;                   ///< walls on all sides
  std::vector<double> first;   ///< owned values
  std::vector<double> second;  ///< owned values, scaled by the last digits the masses differ in
  double mass = 0;             ///< of each
};

/// Reads /cells/center (n x d) and /cells/density (n), rows in any order; /cells/volume, where it
/// is there, must agree. The box is found from the centres, which must form a lattice of at least
/// two equal cells per axis, the same for both files. Every rank keeps its own part. Collective;
/// throws InputError naming the file, or both: not a box, different boxes, a density that is
/// negative or not finite, no mass, masses that differ by more than 1e-6 of themselves.
DensityPair read_density_pair(const Comm& comm, const std::filesystem::path& first,
                              const std::filesystem::path& second);

}  // namespace otto
