// Transport systems of short steps on 1 to 4 ranks against dense solutions, both ways, with the counts their bound promises.

#include <gtest/gtest.h>

#include <cmath>

#include "../../src/linear/dominant_solver.h"
#include "dense.h"

namespace otto::test {
namespace {

constexpr double c = 0.01, rtol = 1e-12;

double forward_of(const Point& x) { return 2 + noise(x, 1) + 0.9 * noise(x, 2); }
double backward_of(const Point& x) { return 2 + noise(x, 3) + 0.9 * noise(x, 4); }

/// Rates of the mesh's faces, the same on every rank, times `scale` for an outflow of that many volumes in c.
FaceRates rates_of(const Mesh& mesh, double scale) {
  FaceRates r;
  std::vector<double> out(std::size_t(mesh.local()), 0.0);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const Point &a = mesh.center[K], &b = mesh.center[L];
    const Point middle{a[0] + b[0], a[1] + b[1], a[2] + b[2]};
    r.forward.push_back(forward_of(middle));
    r.backward.push_back(backward_of(middle));
    out[K] += r.forward.back();
    out[L] += r.backward.back();
  }
  double largest = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    largest = std::max(largest, c * out[k] / mesh.volume[k]);
  }
  const double factor = scale / mesh.comm.max(largest);
  for (double& x : r.forward) x *= factor;
  for (double& x : r.backward) x *= factor;
  return r;
}

struct Case {
  explicit Case(const std::vector<std::int64_t>& cells, double outflow)
      : dense(graded_box(cells), [](const Point&, const Point&) { return 0.0; }),
        mesh(make_box_mesh(Comm(), graded_box(cells))),
        rates(rates_of(mesh, outflow)),
        solver(mesh) {
    const FaceRates all = rates_of(dense.mesh, outflow);
    J = dense.volumes().asDiagonal();
    for (std::size_t f = 0; f < all.forward.size(); ++f) {
      const int K = dense.left(f), L = dense.right(f);
      J(K, K) += c * all.forward[f], J(L, K) -= c * all.forward[f];
      J(L, L) += c * all.backward[f], J(K, L) -= c * all.backward[f];
    }
  }
  bool set(const FaceRates& r) {
    return solver.set(c, r, std::span(mesh.volume).first(std::size_t(mesh.owned)));
  }
  DenseTransport dense;
  Mesh mesh;
  FaceRates rates;
  DominantSolver solver;
  Eigen::MatrixXd J;
};

/// The largest count of a factor q / (1 + (1 - q^2)^1/2) in each step, and some more, for rates that are not symmetric.
int bound(double outflow) {
  const double q = outflow / (1 + outflow), factor = q / (1 + std::sqrt(1 - q * q));
  return int(1.3 * std::log(rtol / 10) / std::log(factor)) + 3;
}

TEST(DominantSolver, SolvesBothWaysInAsManyStepsAsItsBound) {
  for (const auto& cells : std::vector<std::vector<std::int64_t>>{{40}, {12, 9}, {6, 5, 4}}) {
    for (const double outflow : {0.05, 0.5, 2.0}) {
      Case s(cells, 0.999 * outflow);
      ASSERT_TRUE(s.set(s.rates));
      const Eigen::VectorXd b = s.dense.values([](const Point& x) { return noise(x, 6); });
      const auto rhs = field(s.mesh, [](const Point& x) { return noise(x, 6); });
      const auto owned = std::span(rhs).first(std::size_t(s.mesh.owned));
      std::vector<double> x(owned.size());
      using enum DominantSolver::Way;
      for (const auto way : {forward, transposed}) {
        const Eigen::MatrixXd A = way == forward ? s.J : Eigen::MatrixXd(s.J.transpose());
        const Eigen::VectorXd exact = A.partialPivLu().solve(b);
        ASSERT_TRUE(s.solver.solve(way, owned, x, rtol, false));
        EXPECT_LT(s.dense.difference(s.mesh, x, exact), 1e-10);
        const int alone = s.solver.iterations();
        EXPECT_LE(alone, bound(outflow)) << outflow;
        for (double& value : x) value *= 1 + 1e-6;
        ASSERT_TRUE(s.solver.solve(way, owned, x, rtol, true));
        EXPECT_LT(s.dense.difference(s.mesh, x, exact), 1e-10);
        EXPECT_LT(s.solver.iterations(), alone);
      }
    }
  }
}

TEST(DominantSolver, LeavesLongStepsAndNegativeRatesToOthers) {
  Case s({12, 9}, 2.5);
  EXPECT_FALSE(s.set(s.rates));
  FaceRates negative = rates_of(s.mesh, 0.5);
  if (s.mesh.comm.is_root()) negative.forward[0] *= -1;
  EXPECT_FALSE(s.set(negative));
}

}  // namespace
}  // namespace otto::test
