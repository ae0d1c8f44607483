// The coordinates of the layers' Kronecker factors: the matrix they invert, and what they are for.

#include "otto/learn/kronecker.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include "otto/core/random.h"
#include "otto/learn/metric.h"
#include "training.h"

namespace otto {
namespace {

using namespace test;
using Eigen::Index, Eigen::MatrixXd, Eigen::VectorXd;

/// G / tau + H of a metric, column by column.
MatrixXd matrix_of(Metric& metric, Index m, double tau) {
  MatrixXd A(m, m);
  std::vector<double> s(std::size_t(m), 0.0), y(s.size());
  for (Index k = 0; k < m; ++k) {
    s[std::size_t(k)] = 1;
    metric.apply(s, tau, 0, y);
    s[std::size_t(k)] = 0;
    A.col(k) = Eigen::Map<VectorXd>(y.data(), m);
  }
  return A;
}

/// C, column by column.
MatrixXd matrix_of(const Kronecker& coordinates, Index m) {
  MatrixXd C(m, m);
  for (Index k = 0; k < m; ++k) {
    VectorXd x = VectorXd::Unit(m, k);
    coordinates.to_parameters(x);
    C.col(k) = x;
  }
  return C;
}

struct Learned {
  Mesh mesh = make_box_mesh(Comm(), cube(2, 3, 24));
  std::unique_ptr<Network> network = make_network(small_mlp(2, 3));
  Index m = Index(network->parameters());
};

TEST(Kronecker, OnePointIsInvertedLayerByLayer) {
  const Learned learned;
  const CellBlocks cells(learned.mesh);
  std::vector<char> chosen(cells.points().size(), 0);
  chosen[331] = 1;
  const auto J = learned.network->linearise(std::vector{cells.points()[331]});
  constexpr double delta = 0.01;
  const CellJacobian of_cell(cells, *learned.network, chosen);
  const MatrixXd C = matrix_of(Kronecker(of_cell, std::vector{1.0}, delta), learned.m);
  // K of one point: the squares of the gradient's blocks, of which the mean eigenvalue is known.
  std::vector<double> gradient(std::size_t(learned.m), 0.0);
  J->add_adjoint(std::vector{1.0}, gradient);
  const VectorXd g = Eigen::Map<VectorXd>(gradient.data(), learned.m);
  MatrixXd K = (delta + 1e-3 * g.squaredNorm() / double(learned.m)) *
               MatrixXd::Identity(learned.m, learned.m);
  Index first = 0;
  for (const LayerShape& shape : J->layers()) {
    const auto n = Index(shape.outputs * shape.columns());
    K.block(first, first, n, n) += g.segment(first, n) * g.segment(first, n).transpose();
    first += n;
  }
  EXPECT_EQ(first, learned.m);
  const MatrixXd one = C.transpose() * K * C;
  EXPECT_LT((one - MatrixXd::Identity(learned.m, learned.m)).cwiseAbs().maxCoeff(), 1e-10);
}

TEST(Kronecker, FromParametersIsTheTranspose) {
  const Learned learned;
  Metric metric(learned.mesh, *learned.network);
  metric.update();
  const Kronecker coordinates = metric.coordinates(100, 0.1);
  const MatrixXd C = matrix_of(coordinates, learned.m);
  VectorXd g(learned.m);
  for (Index i = 0; i < g.size(); ++i) g[i] = RandomAt(4, 1, std::uint64_t(i)).normal()[0];
  VectorXd x = g;
  coordinates.from_parameters(x);
  EXPECT_LT((x - C.transpose() * g).norm(), 1e-12 * x.norm());
}

/// Iterations that conjugate gradients need at the worst grow as the root of the condition number.
TEST(Kronecker, ConditionIsFarBetter) {
  const Learned learned;
  Metric metric(learned.mesh, *learned.network);
  metric.update();
  constexpr double tau = 1e4, ridge = 0.1;
  MatrixXd A = matrix_of(metric, learned.m, tau);
  A.diagonal().array() += ridge / tau;
  const MatrixXd C = matrix_of(metric.coordinates(tau, ridge), learned.m);
  const auto spread = [](const MatrixXd& B) {
    const VectorXd values =
        Eigen::SelfAdjointEigenSolver<MatrixXd>(0.5 * (B + B.transpose())).eigenvalues();
    EXPECT_GT(values[0], 0);
    return values[values.size() - 1] / values[0];
  };
  const double before = spread(A), after = spread(C.transpose() * A * C);
  EXPECT_LT(after, 0.1 * before) << before << " " << after;
}

TEST(Kronecker, UnknownLayersLeaveTheParametersAlone) {
  const auto network = make_network(quadratic(2, {1.3, 0.2, 0.2, 0.8}));
  const Mesh mesh = make_box_mesh(Comm(), cube(2, 3, 24));
  Metric metric(mesh, *network);
  metric.update();
  EXPECT_EQ(matrix_of(metric.coordinates(10, 0.1), 4), MatrixXd::Identity(4, 4));
}

}  // namespace
}  // namespace otto
