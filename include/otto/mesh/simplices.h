#pragma once
// Small groups of cells that know a whole gradient: d + 1 cells whose points span a simplex. From
// the values mu of its cells at x_0 ... x_m,
//
//   e_i . g = mu_i - mu_0,     e_i = x_i - x_0,   i = 1 ... m,
//
// has one solution g where m = d. At a wall m < d: a side of a box cuts the axes across it off.

#include <array>
#include <cstdint>
#include <vector>

#include "otto/core/point.h"

namespace otto {

struct Mesh;

/// One such group.
struct Simplex {
  std::int32_t edges = 0;              ///< m, 1 ... d
  std::int32_t region = -1;            ///< index into Mesh::region_names
  std::array<std::int32_t, 4> cell{};  ///< local indices of m + 1 cells; the first is owned
  std::array<Point, 3> edge{};         ///< from the first cell's point to the others'
  double weight = 0;                   ///< of the quadrature over simplices, length^d
};

/// The simplices whose first cell this rank owns: over all ranks, each once. On a box, one for
/// every corner of every cell: the cell and its neighbours there, with the weight vol / 2^d. On a
/// Gmsh mesh whose cells are bounded by medians, its triangles and tetrahedra, and one for every
/// corner of its quadrilaterals and hexahedra. None on other meshes. Local.
std::vector<Simplex> simplices_of(const Mesh& mesh);

}  // namespace otto
