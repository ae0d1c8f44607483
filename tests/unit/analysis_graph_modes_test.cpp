// Modes of small graphs whose conductances lie a hundred orders of magnitude apart, to 13 digits.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "../../src/analysis/graph_modes.h"

namespace otto {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

void expect_close(double found, double exact) { EXPECT_NEAR(found / exact, 1, 1e-13); }

TEST(GraphModes, TwoNodesRelaxWithBothRates) {
  MatrixXd C = MatrixXd::Zero(2, 2);
  C(0, 1) = 3e-250;
  const GraphModes modes = graph_modes(C, VectorXd::Zero(2), Eigen::Vector2d(2e-30, 5e10));
  ASSERT_EQ(modes.rate.size(), 1U);
  expect_close(modes.rate[0], 3e-250 / 2e-30);
  expect_close(-modes.shape(0, 0) / modes.shape(1, 0), 5e10 / 2e-30);
}

/// A chain of pairs: 0 - 1 at rate 1, (01) - 2 at 1e-60, (012) - 3 at 1e-120; node 3 leaks at 1e-200.
TEST(GraphModes, NestedTimeScales) {
  MatrixXd C = MatrixXd::Zero(4, 4);
  C(0, 1) = 1;
  C(1, 2) = 1e-60;
  C(2, 3) = 1e-120;
  VectorXd exit = VectorXd::Zero(4), mass(4);
  exit[3] = 1e-200;
  mass << 1, 2, 3, 4;
  const GraphModes modes = graph_modes(C, exit, mass);
  ASSERT_EQ(modes.rate.size(), 4U);
  expect_close(modes.rate[3], 1 + 1.0 / 2);
  expect_close(modes.rate[2], 1e-60 * (1.0 / 3 + 1.0 / 3));
  expect_close(modes.rate[1], 1e-120 * (1.0 / 6 + 1.0 / 4));
  expect_close(modes.rate[0], 1e-200 / 10);
  for (Eigen::Index k = 0; k < 4; ++k) {
    EXPECT_NEAR(modes.shape.col(k).cwiseAbs2().dot(mass), 1, 1e-13);
  }
}

/// Ordinary graphs against Eigen's dense solver.
TEST(GraphModes, RandomGraphsAgreeWithADenseSolver) {
  std::mt19937 random(20261128);
  std::uniform_real_distribution<double> uniform(0.1, 2);
  for (int trial = 0; trial < 50; ++trial) {
    const Eigen::Index m = 2 + trial % 7;
    MatrixXd C = MatrixXd::Zero(m, m), L = MatrixXd::Zero(m, m);
    VectorXd exit = VectorXd::Zero(m), mass(m);
    for (Eigen::Index i = 0; i < m; ++i) {
      mass[i] = uniform(random);
      exit[i] = trial % 2 == 0 ? 0 : uniform(random);
      L(i, i) += exit[i];
      for (Eigen::Index j = i + 1; j < m; ++j) {
        C(i, j) = uniform(random);
        L(i, i) += C(i, j);
        L(j, j) += C(i, j);
        L(i, j) = L(j, i) = -C(i, j);
      }
    }
    const VectorXd root = mass.cwiseSqrt().cwiseInverse();
    const VectorXd exact =
        Eigen::SelfAdjointEigenSolver<MatrixXd>(root.asDiagonal() * L * root.asDiagonal())
            .eigenvalues();
    const GraphModes modes = graph_modes(C, exit, mass);
    const Eigen::Index zeros = trial % 2 == 0 ? 1 : 0;
    ASSERT_EQ(Eigen::Index(modes.rate.size()), m - zeros);
    for (Eigen::Index k = 0; k < m - zeros; ++k) {
      EXPECT_NEAR(modes.rate[std::size_t(k)], exact[k + zeros], 1e-12 * exact[m - 1]);
    }
  }
}

}  // namespace
}  // namespace otto
