#pragma once
// The space-time grid of a geodesic, cut into slabs along the last axis of space.
//
// Cell K of the box and interval k of time are entry ((S N + k) rest + r) of a rank's array, where
// S counts the rank's planes across the last axis, N is the number of intervals and r the cells of
// such a plane, x fastest. The planes of one rank are consecutive, so its cells are consecutive in
// the global order of the mesh, too.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/mesh/global_order.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// Sizes, spacings and this rank's planes. Along axis a there are cells[a] cells of width[a].
struct Slab {
  Comm comm;
  int dimension = 1;
  std::array<std::int64_t, 3> cells{1, 1, 1};
  std::array<double, 3> width{1, 1, 1};
  std::int64_t intervals = 1;          ///< N
  std::int64_t rest = 1;               ///< cells of one plane
  std::int64_t first = 0, planes = 0;  ///< of this rank
  int below = -1, above = -1;          ///< ranks with the neighbouring planes; -1 at a wall

  [[nodiscard]] double dt() const { return 1.0 / static_cast<double>(intervals); }
  [[nodiscard]] double cell_volume() const;
  [[nodiscard]] std::size_t size() const {  ///< entries of this rank's arrays
    return static_cast<std::size_t>(planes * intervals * rest);
  }
  [[nodiscard]] std::size_t at(std::int64_t plane, std::int64_t k) const {
    return static_cast<std::size_t>((plane * intervals + k) * rest);
  }
  /// Fills `under` with the last plane (all intervals) of the rank below, where there is one, and
  /// `over` with the first plane of the rank above. Collective over neighbours.
  void exchange(const double* x, std::vector<double>& under, std::vector<double>& over) const;
};

/// The slab of this rank on the box of `mesh`, whose cells are equal. Collective.
Slab make_slab(const Mesh& mesh, std::int64_t intervals);

/// Moves cell values between a rank's part of the mesh and its planes of the slab.
class SlabOrder {
 public:
  SlabOrder(const Mesh& mesh, const Slab& slab);  ///< Collective
  /// Owned values of the mesh -> planes x rest values. Collective.
  [[nodiscard]] std::vector<double> to_planes(std::span<const double> owned) const;
  [[nodiscard]] std::vector<double> from_planes(std::span<const double> planes) const;

 private:
  [[nodiscard]] std::vector<double> move(std::span<const double> values, bool forth) const;

  Comm comm_;
  GlobalOrder order_;
  std::vector<int> even_, mine_;  ///< cells of this rank's even share that others' planes hold ...
  std::size_t even_rows_ = 0, plane_rows_ = 0;
};

}  // namespace otto
