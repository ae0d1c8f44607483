#pragma once
// Reference solutions of the linear systems of transport by dense matrices: entries are written down
// from the formulas, face by face, on a mesh that one rank holds whole, and values are looked up by
// the centres of the cells, whatever the ranks of the mesh under test.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <map>
#include <random>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"
#include "otto/operators/transport.h"

namespace otto::test {

inline Box graded_box(std::vector<std::int64_t> cells, double grading = 1.3,
                      std::vector<bool> periodic = {}) {
  Box box;
  box.dimension = int(cells.size());
  for (std::size_t a = 0; a < cells.size(); ++a) {
    box.nodes[a] = graded_nodes(-1, 1.5, cells[a], grading);
    if (a < periodic.size()) box.periodic[a] = periodic[a];
  }
  return box;
}

/// A field in (-1, 1) without symmetry, the same on any number of ranks.
inline double noise(const Point& x, int seed) {
  const double phase = 127.1 * x[0] + 311.7 * x[1] + 74.7 * x[2] + 17.3 * seed;
  const double y = std::sin(phase) * 43758.5453;
  return 2 * (y - std::floor(y)) - 1;
}

/// `of` at every local cell.
template <class Of>
std::vector<double> field(const Mesh& mesh, Of&& of) {
  std::vector<double> values;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) values.push_back(of(mesh.center[k]));
  values.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, values);
  return values;
}

/// theta of a face, from its two cells: the same whoever holds it.
using FaceValue = double (*)(const Point& left, const Point& right);

inline void set_theta(Transport& transport, FaceValue theta) {
  const Mesh& mesh = transport.mesh();
  for (std::size_t f = 0; f < transport.theta().size(); ++f) {
    transport.theta()[f] = theta(mesh.center[std::size_t(mesh.faces.left[f])],
                                 mesh.center[std::size_t(mesh.faces.right[f])]);
  }
}

/// One rank's whole mesh with its transport, and the matrices of operators/transport.h.
struct DenseTransport {
  DenseTransport(const Box& box, FaceValue theta)
      : mesh(make_box_mesh(Comm(MPI_COMM_SELF), box)), transport(mesh), n(mesh.owned) {
    set_theta(transport, theta);
    for (int k = 0; k < n; ++k) index[mesh.center[std::size_t(k)]] = k;
  }

  [[nodiscard]] int left(std::size_t f) const { return owner(mesh.faces.left[f]); }
  [[nodiscard]] int right(std::size_t f) const { return owner(mesh.faces.right[f]); }
  /// Ghosts of a periodic axis are cells of this rank.
  [[nodiscard]] int owner(std::int32_t cell) const {
    return cell < mesh.owned ? int(cell) : int(image[std::size_t(cell)]);
  }
  /// w_left and w_right for a jump D phi.
  [[nodiscard]] std::array<double, 2> weights(std::size_t f, double jump) const {
    const double theta = transport.theta()[f], sign = jump > 0 ? 1 : jump < 0 ? -1 : 0;
    return {(1 + theta * sign) / 2, (1 - theta * sign) / 2};
  }
  /// J = I + M^-1 sum_f w_fK d a (D phi)_f (D .)_f.
  [[nodiscard]] Eigen::MatrixXd jacobian(const Eigen::VectorXd& phi, double d) const {
    Eigen::MatrixXd J = Eigen::MatrixXd::Identity(n, n);
    for (std::size_t f = 0; f < transport.theta().size(); ++f) {
      const int K = left(f), L = right(f);
      const double jump = phi[K] - phi[L], s = d * mesh.faces.transmissibility[f] * jump;
      const auto [wK, wL] = weights(f, jump);
      J(K, K) += wK * s / mesh.volume[std::size_t(K)];
      J(K, L) -= wK * s / mesh.volume[std::size_t(K)];
      J(L, K) += wL * s / mesh.volume[std::size_t(L)];
      J(L, L) -= wL * s / mesh.volume[std::size_t(L)];
    }
    return J;
  }
  /// d L(rho) = d D^T a (W rho) D.
  [[nodiscard]] Eigen::MatrixXd laplacian(const Eigen::VectorXd& phi, const Eigen::VectorXd& rho,
                                          double d) const {
    Eigen::MatrixXd A = Eigen::MatrixXd::Zero(n, n);
    for (std::size_t f = 0; f < transport.theta().size(); ++f) {
      const int K = left(f), L = right(f);
      const auto [wK, wL] = weights(f, phi[K] - phi[L]);
      const double g = d * mesh.faces.transmissibility[f] * (wK * rho[K] + wL * rho[L]);
      A(K, K) += g;
      A(L, L) += g;
      A(K, L) -= g;
      A(L, K) -= g;
    }
    return A;
  }
  [[nodiscard]] Eigen::VectorXd volumes() const {
    return Eigen::Map<const Eigen::VectorXd>(mesh.volume.data(), n);
  }
  template <class Of>
  [[nodiscard]] Eigen::VectorXd values(Of&& of) const {
    Eigen::VectorXd x(n);
    for (int k = 0; k < n; ++k) x[k] = of(mesh.center[std::size_t(k)]);
    return x;
  }
  /// max |found - reference| over all cells of all ranks, over max |reference|.
  [[nodiscard]] double difference(const Mesh& other, std::span<const double> found,
                                  const Eigen::VectorXd& reference) const {
    double worst = 0;
    for (std::size_t k = 0; k < std::size_t(other.owned); ++k) {
      const auto at = index.find(other.center[k]);
      if (at == index.end()) return std::nan("");
      worst = std::fmax(worst, std::abs(found[k] - reference[at->second]));
    }
    return other.comm.max(worst) / reference.lpNorm<Eigen::Infinity>();
  }

  Mesh mesh;
  Transport transport;
  int n;
  std::map<Point, int> index;
  std::vector<double> image = [this] {
    std::vector<double> number(std::size_t(mesh.local()));
    for (int k = 0; k < n; ++k) number[std::size_t(k)] = k;
    mesh.halo.update(mesh.comm, number);
    return number;
  }();
};

}  // namespace otto::test
