#include "graph_modes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace otto {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// B = diag(row) Z diag(column).
struct Incidence {
  MatrixXd Z;
  VectorXd row, column;
};

Incidence incidence(const MatrixXd& C, const VectorXd& exit, const VectorXd& mass) {
  const Eigen::Index m = mass.size();
  std::vector<std::array<Eigen::Index, 2>> edges;
  std::vector<double> weight;
  for (Eigen::Index i = 0; i < m; ++i) {
    for (Eigen::Index j = i + 1; j < m; ++j) {
      if (!(C(i, j) > 0)) continue;
      edges.push_back({i, j});
      weight.push_back(std::sqrt(C(i, j)));
    }
    if (!(exit[i] > 0)) continue;
    edges.push_back({i, -1});
    weight.push_back(std::sqrt(exit[i]));
  }
  Incidence B{MatrixXd::Zero(Eigen::Index(edges.size()), m),
              Eigen::Map<VectorXd>(weight.data(), Eigen::Index(weight.size())),
              mass.cwiseSqrt().cwiseInverse()};
  for (std::size_t e = 0; e < edges.size(); ++e) {
    B.Z(Eigen::Index(e), edges[e][0]) = 1;
    if (edges[e][1] >= 0) B.Z(Eigen::Index(e), edges[e][1]) = -1;
  }
  return B;
}

/// B = X diag(pivot) Y, X and Y well conditioned.
struct Factors {
  MatrixXd X, Y;
  VectorXd pivot;
};

Factors eliminate(Incidence B) {
  const Eigen::Index rows = B.Z.rows(), m = B.Z.cols(), max = std::min(rows, m);
  MatrixXd L = MatrixXd::Zero(rows, max), U = MatrixXd::Zero(max, m);
  VectorXd pivot(max);
  std::vector<bool> used(std::size_t(rows), false);
  Eigen::Index rank = 0;
  for (; rank < max; ++rank) {
    double best = 0;
    Eigen::Index r = 0, c = 0;
    for (Eigen::Index i = 0; i < rows; ++i) {
      for (Eigen::Index j = 0; j < m && !used[std::size_t(i)]; ++j) {
        const double size = B.row[i] * std::abs(B.Z(i, j)) * B.column[j];
        if (size > best) best = size, r = i, c = j;
      }
    }
    if (!(best > 0)) break;
    used[std::size_t(r)] = true;
    pivot[rank] = best;
    L(r, rank) = 1;
    U.row(rank) = B.Z.row(r).cwiseProduct(B.column.transpose()) / B.column[c];
    for (Eigen::Index i = 0; i < rows; ++i) {
      if (used[std::size_t(i)]) continue;
      const double l = B.Z(i, c) / B.Z(r, c);
      L(i, rank) = l * (B.row[i] / B.row[r]);
      if (l != 0) B.Z.row(i) -= l * B.Z.row(r);
    }
  }
  return {L.leftCols(rank), U.topRows(rank), pivot.head(rank)};
}

/// Rotates the columns of A until they are orthogonal; A = V Sigma then.
void orthogonalise(MatrixXd& A) {
  constexpr int max_sweeps = 60;
  bool rotated = true;
  for (int sweep = 0; rotated && sweep < max_sweeps; ++sweep) {
    rotated = false;
    for (Eigen::Index p = 0; p < A.cols(); ++p) {
      for (Eigen::Index q = p + 1; q < A.cols(); ++q) {
        const double a = A.col(p).stableNorm(), b = A.col(q).stableNorm();
        if (!(a > 0 && b > 0)) continue;
        const double cosine = (A.col(p) / a).dot(A.col(q) / b);
        if (std::abs(cosine) <= 1e-15) continue;
        rotated = true;
        const double z = (b / a - a / b) / (2 * cosine);
        const double t = std::copysign(1.0, z) / (std::abs(z) + std::hypot(1.0, z));
        const double c = 1 / std::hypot(1.0, t), s = c * t;
        const VectorXd old = A.col(p);
        A.col(p) = c * old - s * A.col(q);
        A.col(q) = s * old + c * A.col(q);
      }
    }
  }
}

}  // namespace

GraphModes graph_modes(const MatrixXd& C, const VectorXd& exit, const VectorXd& mass) {
  const Factors f = eliminate(incidence(C, exit, mass));
  const Eigen::Index rank = f.pivot.size();
  const Eigen::ColPivHouseholderQR<MatrixXd> qr(f.X * f.pivot.asDiagonal());
  const MatrixXd R = qr.matrixR().topRows(rank).triangularView<Eigen::Upper>();
  MatrixXd A = (R * qr.colsPermutation().transpose() * f.Y).transpose();
  orthogonalise(A);
  std::vector<Eigen::Index> order(std::size_t(A.cols()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](Eigen::Index k) { return A.col(k).stableNorm(); });
  GraphModes modes{{}, MatrixXd(mass.size(), rank)};
  for (std::size_t k = 0; k < order.size(); ++k) {
    const double sigma = A.col(order[k]).stableNorm();
    modes.rate.push_back(sigma * sigma);
    modes.shape.col(Eigen::Index(k)) =
        (A.col(order[k]) / sigma).cwiseProduct(mass.cwiseSqrt().cwiseInverse());
  }
  return modes;
}

}  // namespace otto
