#include "otto/mesh/periods.h"

namespace otto {

std::vector<Point> periods_of(const Mesh& mesh) {
  if (!mesh.box) return mesh.periods;
  std::vector<Point> periods;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    if (!mesh.box->box.periodic[a]) continue;
    Point& p = periods.emplace_back();
    p[a] = upper_end(mesh, a) - lower_end(mesh, a);
  }
  return periods;
}

double lower_end(const Mesh& mesh, std::size_t axis) {
  return mesh.box ? mesh.box->box.nodes[axis].front() : mesh.lower[axis];
}

double upper_end(const Mesh& mesh, std::size_t axis) {
  return mesh.box ? mesh.box->box.nodes[axis].back() : mesh.upper[axis];
}

}  // namespace otto
