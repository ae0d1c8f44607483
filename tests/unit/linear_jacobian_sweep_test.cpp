// The incomplete factors of J against dense matrices: exact where they claim to be, J on its own
// pattern where they are not, and one the transpose of the other.

#include <gtest/gtest.h>

#include "../mpi/dense.h"
#include "otto/linear/jacobian_sweep.h"

namespace otto::test {
namespace {

constexpr double d = 0.02;

double upwind(const Point&, const Point&) { return 1; }
double centred(const Point&, const Point&) { return 0; }
double blended(const Point& left, const Point& right) {
  return 0.5 + 0.4 * noise({left[0] + right[0], left[1] + right[1], left[2] + right[2]}, 5);
}

struct Sweep {
  Sweep(const Box& box, FaceValue theta, const std::function<double(const Point&)>& phi_of)
      : dense(box, theta), phi(dense.values(phi_of)), sweep(dense.transport) {
    sweep.factor({phi.data(), std::size_t(dense.n)}, d, factors);
  }
  /// The matrix that `solve` (or `solve_adjoint`) multiplies by.
  [[nodiscard]] Eigen::MatrixXd inverse(bool adjoint) const {
    const auto n = std::size_t(dense.n);
    Eigen::MatrixXd B(dense.n, dense.n);
    std::vector<double> x(n);
    for (std::size_t j = 0; j < n; ++j) {
      std::vector<double> e(n, 0.0);
      e[j] = 1;
      const std::span<const double> at(phi.data(), n);
      if (adjoint) {
        sweep.solve_adjoint(at, d, factors, e, x);
      } else {
        sweep.solve(at, d, factors, e, x);
      }
      B.col(Eigen::Index(j)) = Eigen::Map<Eigen::VectorXd>(x.data(), dense.n);
    }
    return B;
  }

  DenseTransport dense;
  Eigen::VectorXd phi;
  JacobianSweep sweep;
  JacobianSweep::Factors factors;
};

double random_phi(const Point& x) { return noise(x, 1); }
double rising_phi(const Point& x) { return x[0] + 0.2 * x[0] * x[0] * x[0]; }

TEST(JacobianSweep, IsTheInverseForUpwindWeights) {
  for (const auto& cells :
       {std::vector<std::int64_t>{40}, std::vector<std::int64_t>{9, 7}, {5, 4, 3}}) {
    const Sweep s(graded_box(cells), upwind, random_phi);
    const Eigen::MatrixXd J = s.dense.jacobian(s.phi, d);
    const auto I = Eigen::MatrixXd::Identity(s.dense.n, s.dense.n);
    EXPECT_LT((s.inverse(false) * J - I).cwiseAbs().maxCoeff(), 1e-12);
    EXPECT_LT((s.inverse(true) * J.transpose() - I).cwiseAbs().maxCoeff(), 1e-12);
  }
}

TEST(JacobianSweep, IsTheInverseOnALineAlongWhichPhiRises) {
  // Eliminated from one end to the other, a tridiagonal matrix has no fill-in.
  for (const FaceValue theta : {centred, blended}) {
    const Sweep s(graded_box({30}), theta, rising_phi);
    const Eigen::MatrixXd J = s.dense.jacobian(s.phi, d);
    const auto I = Eigen::MatrixXd::Identity(s.dense.n, s.dense.n);
    EXPECT_LT((s.inverse(false) * J - I).cwiseAbs().maxCoeff(), 1e-11);
  }
}

TEST(JacobianSweep, KeepsTheEntriesOfJ) {
  // Where no three cells are neighbours of each other, ILU(0) differs from J between cells that
  // are not neighbours only.
  for (const FaceValue theta : {centred, blended}) {
    const Sweep s(graded_box({8, 7}), theta, [](const Point& x) { return 0.1 * noise(x, 2); });
    const Eigen::MatrixXd J = s.dense.jacobian(s.phi, d), B = s.inverse(false).inverse();
    double kept = 0, filled = 0;
    for (int i = 0; i < s.dense.n; ++i) {
      for (int j = 0; j < s.dense.n; ++j) {
        double& of = J(i, j) != 0 ? kept : filled;
        of = std::max(of, std::abs(B(i, j) - J(i, j)));
      }
    }
    EXPECT_LT(kept, 1e-12);
    EXPECT_GT(filled, 1e-6);  // it is incomplete
  }
}

TEST(JacobianSweep, TheAdjointIsTheTranspose) {
  for (const FaceValue theta : {upwind, centred, blended}) {
    const Sweep s(graded_box({6, 5, 3}), theta, random_phi);
    const Eigen::MatrixXd forward = s.inverse(false), adjoint = s.inverse(true);
    EXPECT_LT((adjoint - forward.transpose()).cwiseAbs().maxCoeff(),
              1e-12 * forward.cwiseAbs().maxCoeff());
  }
}

TEST(JacobianSweep, PivotsStayPositiveFarFromAnMMatrix) {
  const Sweep s(graded_box({20, 20}), centred, [](const Point& x) { return 50 * noise(x, 3); });
  ASSERT_LT(s.dense.jacobian(s.phi, d).diagonal().minCoeff(), 0);
  for (const double inverse : s.factors.inverse) {
    EXPECT_GT(inverse, 0);
    EXPECT_LE(inverse, 20 * (1 + 1e-12));
  }
}

}  // namespace
}  // namespace otto::test
