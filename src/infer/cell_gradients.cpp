#include "otto/infer/cell_gradients.h"

#include <Eigen/QR>
#include <algorithm>

#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

std::vector<double> on_box(const Mesh& mesh, const std::vector<double>& v) {
  const auto n = std::size_t(mesh.owned), d = std::size_t(mesh.dimension);
  std::vector<double> g(n * d, 0.0), count(n * d, 0.0);
  std::size_t f = 0;
  for_each_face(*mesh.box, GhostLayers(*mesh.box),
                [&](int axis, const BlockIndex&, std::int32_t left, std::int32_t right) {
                  const double slope =
                      (v[std::size_t(right)] - v[std::size_t(left)]) / mesh.faces.distance[f++];
                  for (const std::int32_t cell : {left, right}) {
                    if (cell >= mesh.owned) continue;
                    g[std::size_t(cell) * d + std::size_t(axis)] += slope;
                    count[std::size_t(cell) * d + std::size_t(axis)] += 1;
                  }
                });
  for (std::size_t i = 0; i < g.size(); ++i) g[i] /= std::max(count[i], 1.0);
  return g;
}

/// The normal equations of one cell.
struct Normal {
  Eigen::Matrix3d A = Eigen::Matrix3d::Zero();
  Eigen::Vector3d b = Eigen::Vector3d::Zero();
};

std::vector<double> by_least_squares(const Mesh& mesh, const std::vector<double>& v) {
  const auto n = std::size_t(mesh.owned), d = std::size_t(mesh.dimension);
  std::vector<Normal> normal(n);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const Eigen::Vector3d way =
        Eigen::Vector3d(mesh.center[L].data()) - Eigen::Vector3d(mesh.center[K].data());
    const double weight = 1 / way.squaredNorm();
    for (const std::size_t cell : {K, L}) {
      if (cell >= n) continue;
      normal[cell].A += weight * way * way.transpose();
      normal[cell].b += weight * way * (v[L] - v[K]);
    }
  }
  std::vector<double> g;
  for (const Normal& cell : normal) {
    const auto axes = Eigen::Index(d);
    const Eigen::MatrixXd A = cell.A.topLeftCorner(axes, axes);
    const Eigen::VectorXd b = cell.b.head(axes);
    const Eigen::VectorXd x = A.completeOrthogonalDecomposition().solve(b);
    g.insert(g.end(), x.begin(), x.end());
  }
  return g;
}

}  // namespace

std::vector<double> cell_gradients(const Mesh& mesh, std::span<const double> V) {
  std::vector<double> v(std::size_t(mesh.local()), 0.0);
  std::copy_n(V.begin(), std::size_t(mesh.owned), v.begin());
  mesh.halo.update(mesh.comm, v);
  return mesh.box ? on_box(mesh, v) : by_least_squares(mesh, v);
}

double longest_side(const Mesh& mesh) {
  double length = 0;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    double side = mesh.upper[a] - mesh.lower[a];
    if (mesh.box) side = mesh.box->box.nodes[a].back() - mesh.box->box.nodes[a].front();
    length = std::max(length, side);
  }
  return length;
}

}  // namespace otto
