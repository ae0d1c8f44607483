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
  std::int32_t region = -1;            ///< label of Mesh::region_names
  std::array<std::int32_t, 4> cell{};  ///< local indices of m + 1 cells; the first is owned
  std::array<Point, 3> edge{};         ///< from the first cell's point to the others'
  double weight = 0;                   ///< of the quadrature over simplices, length^d
};

/// What couples the cells of a simplex of d + 1 cells in a scheme of finite elements: from S = weight
/// (E E^T)^-1, E the rows e_i,
///
///   sum_{i<j} s_ij (u_i - u_j)^2 = weight |grad u|^2,   s_ij = -S_ij,   s_0i = sum_j S_ij.
struct Coupling {
  std::array<std::int32_t, 4> cell{};  ///< local indices
  std::array<std::int32_t, 6>
      face{};                   ///< of the pairs (0,1) (0,2) (1,2) (0,3) (1,3) (2,3); -1: none here
  std::array<double, 6> s{};    ///< of the same pairs
  std::array<Point, 3> edge{};  ///< from the first cell's point to the others'
  Point middle{};               ///< the mean of the points
  std::int32_t region = -1;     ///< label of Mesh::region_names
  double diffusion = 1;         ///< D at the middle, which `s` holds as a factor
};

/// The simplices whose first cell this rank owns: over all ranks, each once. On a box, one for
/// every corner of every cell: the cell and its neighbours there, with the weight vol / 2^d. On a
/// Gmsh mesh whose cells are bounded by medians, its triangles and tetrahedra, and one for every
/// corner of its quadrilaterals and hexahedra. None on other meshes. Local.
std::vector<Simplex> simplices_of(const Mesh& mesh);

}  // namespace otto
