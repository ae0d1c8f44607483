// V on an absorbing face is continued linearly from the cell K and its neighbours L,
//
//   V_f = V_K + d n . g,     g the gradient of least squares: (x_L - x_K) . g = V_L - V_K,
//
// the shortest such g where the neighbours do not span the space. It is exact for the piecewise
// linear V that the Scharfetter-Gummel flux is exact for, and works for tables and networks that
// are known at cell centres only. On a box V_f - V_K is d / |x_K - x_L| times V_K - V_L of the cell
// behind.

#include "otto/operators/absorbing.h"

#include <Eigen/Dense>
#include <algorithm>
#include <unordered_map>

namespace otto {

namespace {

/// Weights w of min |sum_L (x_L - x_K) ((x_L - x_K) . g - (V_L - V_K))|:
/// d n . g = sum_L w_L (V_L - V_K).
void set_slope(AbsorbingFace& face, const Mesh& mesh, const std::vector<std::int32_t>& neighbours) {
  const Point& x = mesh.center[std::size_t(face.cell)];
  Eigen::MatrixXd R(Eigen::Index(neighbours.size()), mesh.dimension);
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    for (int a = 0; a < mesh.dimension; ++a) {
      R(Eigen::Index(i), a) =
          mesh.center[std::size_t(neighbours[i])][std::size_t(a)] - x[std::size_t(a)];
    }
  }
  Eigen::VectorXd n(mesh.dimension);
  for (int a = 0; a < mesh.dimension; ++a) n(a) = face.distance * face.normal[std::size_t(a)];
  const Eigen::VectorXd w = R.transpose().completeOrthogonalDecomposition().solve(n);
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    if (w(Eigen::Index(i)) != 0) face.slope.emplace_back(neighbours[i], w(Eigen::Index(i)));
  }
}

}  // namespace

std::vector<AbsorbingFace> absorbing_faces(const Mesh& mesh, std::span<const std::string> names) {
  std::vector<AbsorbingFace> faces;
  if (names.empty()) return faces;
  const BoundaryFaces& boundary = mesh.boundary;
  std::unordered_map<std::int32_t, std::vector<std::int32_t>> neighbours;
  for (std::size_t f = 0; f < std::size_t(boundary.size()); ++f) {
    bool absorbs = false;
    for_each_name(boundary.tag[f], mesh.boundary_names.size(), mesh.boundary_sets,
                  [&](std::int32_t n) {
                    const std::string& name = mesh.boundary_names[std::size_t(n)];
                    absorbs = absorbs || std::ranges::find(names, name) != names.end();
                  });
    if (!absorbs) continue;
    faces.push_back({.face = std::int32_t(f),
                     .cell = boundary.cell[f],
                     .distance = boundary.distance[f],
                     .normal = boundary.normal[f],
                     .slope = {}});
    neighbours[boundary.cell[f]] = {};
  }
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const std::int32_t l = mesh.faces.left[f], r = mesh.faces.right[f];
    if (const auto at = neighbours.find(l); at != neighbours.end()) at->second.push_back(r);
    if (const auto at = neighbours.find(r); at != neighbours.end()) at->second.push_back(l);
  }
  for (AbsorbingFace& face : faces) {
    if (mesh.centres_on_walls) break;
    const auto& all = neighbours[face.cell];
    if (!all.empty()) set_slope(face, mesh, all);
  }
  return faces;
}

}  // namespace otto
