#pragma once
// Which cell of a mesh holds a point: of boxes, of general meshes of the plane, whose cells are polygons, and of tetrahedra.
//
// A point belongs to the polygon whose sides a ray from it to the right crosses an odd number of times. A side counts its
// lower end and not its upper one, and is evaluated from the same end whichever cell asks, so that cells with common sides share
// no point and leave none out. Of a tetrahedron's faces, their corners in one order, the cell on the positive side has the face.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class CellLocator {
 public:
  /// Keeps a reference. For meshes without a `refusal`. Local.
  explicit CellLocator(const Mesh& mesh);
  /// Why not, in words for "samples are not available yet for ...", or nothing. Collective.
  static std::string refusal(const Mesh& mesh);

  /// The owned cell with the point, of one coordinate per axis; -1: another rank's, or outside. Local.
  [[nodiscard]] std::int32_t find(std::span<const double> x) const;

 private:
  [[nodiscard]] bool holds(std::size_t cell, const Point& x) const;
  [[nodiscard]] std::size_t bin_along(std::size_t axis, double x) const;

  const Mesh& mesh_;
  // Bins of equal size over the owned cells, and the cells whose bounding boxes touch each.
  Point lower_{}, upper_{};
  std::size_t bins_ = 1;             // along every axis
  std::vector<std::int64_t> first_;  // of each bin, and the end
  std::vector<std::int32_t> cells_;
};

}  // namespace otto
