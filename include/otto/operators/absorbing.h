#pragma once
// Absorbing sides: rho = 0 on the face itself, so that mass leaves through it.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// One boundary face where mass leaves.
struct AbsorbingFace {
  std::int32_t cell = 0;        ///< local index of the owned cell inside
  double transmissibility = 0;  ///< area over the distance from centre to face
  double distance = 0;
  Point normal{};  ///< outward, of length 1
  /// V on the face is V_K + sum of weight (V_L - V_K) over these neighbours L.
  std::vector<std::pair<std::int32_t, double>> slope;
};

/// The faces of the sides `names` ("x_min", ...). Local.
std::vector<AbsorbingFace> absorbing_faces(const Mesh& mesh, std::span<const std::string> names);

/// The sides `absorbing` of a [boundary] table names. Throws InputError at the key for a side the mesh has not,
/// and for one where a cell's centre does not lie inside. Collective.
std::vector<std::string> read_absorbing(const Section& boundary, const Mesh& mesh);

}  // namespace otto
