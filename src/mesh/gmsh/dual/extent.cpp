#include <cmath>

#include "builders.h"

namespace otto::gmsh {

void set_extent(Mesh& mesh, const Part& part) {
  mesh.periods = part.periods;
  for (std::size_t a = 0; a < 3; ++a) {
    double lower = INFINITY, upper = -INFINITY;
    for (const PartCell& cell : part.cells) {
      if (cell.ghost) continue;  // may be moved by a period
      for (int v = 0; v < shape_data(cell.shape).vertices; ++v) {
        const double x = part.points[std::size_t(cell.vertex[std::size_t(v)])][a];
        lower = std::min(lower, x);
        upper = std::max(upper, x);
      }
    }
    mesh.lower[a] = mesh.comm.min(lower);
    mesh.upper[a] = mesh.comm.max(upper);
  }
}

}  // namespace otto::gmsh
