#pragma once
// Open sides of a mesh: their faces, and V on them.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// One boundary face where mass leaves or comes in.
struct AbsorbingFace {
  std::int32_t face = 0;  ///< index into Mesh::boundary
  std::int32_t cell = 0;  ///< local index of the owned cell inside
  double distance = 0;
  Point normal{};  ///< outward, of length 1
  /// V on the face is V_K + sum of weight (V_L - V_K) over these neighbours L.
  std::vector<std::pair<std::int32_t, double>> slope;
};

/// The faces of the sides `names` ("x_min", ...). Local.
std::vector<AbsorbingFace> absorbing_faces(const Mesh& mesh, std::span<const std::string> names);

}  // namespace otto
