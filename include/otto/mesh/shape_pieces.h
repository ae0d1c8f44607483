#pragma once
// The shapes of cells (CellShapes of mesh.h) piece by piece: on a box they are made on the way, 100
// bytes a cell in space that are never in memory at once.

#include "otto/core/pieces.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The arrays of CellShapes; `points` as x, y, z of one corner after the other.
struct ShapePieces {
  Pieces<double> points;
  Pieces<std::int64_t> connectivity, offsets;
  Pieces<std::uint8_t> types;
};
/// Refers to `mesh`.
ShapePieces shape_pieces(const Mesh& mesh);

}  // namespace otto
