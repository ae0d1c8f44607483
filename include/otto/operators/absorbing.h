#pragma once
// Absorbing sides: rho = 0 on the face itself, so that mass leaves through it.

#include <span>
#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// One boundary face where mass leaves.
struct AbsorbingFace {
  std::int32_t cell = 0;        ///< local index of the owned cell inside
  std::int32_t inner = -1;      ///< its neighbour away from the face; -1: none
  double reach = 0;             ///< distance centre to face over that between the two centres
  double transmissibility = 0;  ///< area over the distance from centre to face
  double distance = 0;
  Point normal{};  ///< outward, of length 1
};

/// The faces of the sides `names` ("x_min", ...). Local.
std::vector<AbsorbingFace> absorbing_faces(const Mesh& mesh, std::span<const std::string> names);

/// The sides [boundary] absorbing names. Throws InputError at the key for a side the mesh has not.
std::vector<std::string> read_absorbing(const Case& c, const Mesh& mesh);

}  // namespace otto
