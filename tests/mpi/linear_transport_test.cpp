// The linear systems of proximal steps on 1 to 4 ranks against dense solutions: J and its adjoint,
// masses moved with and without the positive form, both fields of Newton's system.

#include <gtest/gtest.h>

#include "dense.h"
#include "otto/linear/coupled_system.h"
#include "otto/linear/jacobian_solver.h"
#include "otto/linear/positive_transport.h"

namespace otto::test {
namespace {

constexpr double d = 0.01;

double upwind(const Point&, const Point&) { return 1; }
double centred(const Point&, const Point&) { return 0; }
double blended(const Point& left, const Point& right) {
  return 0.5 + 0.4 * noise({left[0] + right[0], left[1] + right[1], left[2] + right[2]}, 5);
}
double phi_of(const Point& x) { return 0.3 * noise(x, 1); }
double rho_of(const Point& x) { return std::exp(3 * noise(x, 2)); }
double source_of(const Point& x) { return noise(x, 3); }

/// A mesh over all ranks beside the dense one.
struct Pair {
  explicit Pair(const Box& box, FaceValue theta)
      : dense(box, theta), mesh(make_box_mesh(Comm(), box)), transport(mesh) {
    set_theta(transport, theta);
  }
  DenseTransport dense;
  Mesh mesh;
  Transport transport;
};

const std::vector<std::vector<std::int64_t>> boxes{{40}, {12, 9}, {6, 5, 4}};

TEST(JacobianSolver, SolvesForwardsAndBackwards) {
  for (const auto& cells : boxes) {
    for (const FaceValue theta : {upwind, centred, blended}) {
      Pair p(graded_box(cells), theta);
      const auto phi = field(p.mesh, phi_of), b = field(p.mesh, source_of),
                 size = field(p.mesh, rho_of);
      JacobianSolver solver(p.transport);
      JacobianSolver::Factors factors;
      solver.factor(phi, d, factors);
      solver.set(phi, d, factors);
      std::vector<double> x(std::size_t(p.mesh.owned));
      const Eigen::MatrixXd J = p.dense.jacobian(p.dense.values(phi_of), d);
      const Eigen::VectorXd rhs = p.dense.values(source_of);
      ASSERT_TRUE(solver.solve(std::span(b).first(x.size()), x));
      EXPECT_LT(p.dense.difference(p.mesh, x, J.partialPivLu().solve(rhs)), 1e-8);
      ASSERT_TRUE(solver.solve_adjoint(std::span(b).first(x.size()), size, x));
      EXPECT_LT(p.dense.difference(p.mesh, x, J.transpose().partialPivLu().solve(rhs)), 1e-8);
      EXPECT_EQ(solver.take_work().solves, 2);
      EXPECT_EQ(solver.take_work().solves, 0);
    }
  }
}

TEST(JacobianSolver, GetsTheLittleRightWhereThereIsLittle) {
  // Masses over 30 orders of magnitude, each cell relative to what it holds or gets.
  const auto tiny = [](const Point& x) { return std::pow(10.0, -15 + 15 * std::sin(3 * x[0])); };
  const auto smooth = [](const Point& x) { return 0.3 * std::sin(2 * x[0]); };
  Pair p(graded_box({60}, 1), centred);
  const Eigen::MatrixXd J = p.dense.jacobian(p.dense.values(smooth), d);
  const Eigen::VectorXd b = p.dense.values(tiny), exact = J.transpose().partialPivLu().solve(b);
  const auto phi = field(p.mesh, smooth), rhs = field(p.mesh, tiny);
  const auto size = field(p.mesh, [&](const Point& x) {
    const int k = p.dense.index.at(x);
    return std::max(b[k], std::abs(exact[k]));
  });
  JacobianSolver solver(p.transport);
  JacobianSolver::Factors factors;
  solver.factor(phi, d, factors);
  solver.set(phi, d, factors);
  std::vector<double> x(std::size_t(p.mesh.owned));
  ASSERT_TRUE(solver.solve_adjoint(std::span(rhs).first(x.size()), size, x));
  double worst = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const int at = p.dense.index.at(p.mesh.center[k]);
    worst = std::max(worst, std::abs(x[k] - exact[at]) / std::max(b[at], std::abs(exact[at])));
  }
  EXPECT_LT(p.mesh.comm.max(worst), 1e-7);
}

TEST(PositiveTransport, MovesTheMassesOfTheFlux) {
  for (const auto& cells : boxes) {
    for (const FaceValue theta : {upwind, centred, blended}) {
      Pair p(graded_box(cells), theta);
      PositiveTransport mover(p.transport);
      const auto phi = field(p.mesh, phi_of), rho = field(p.mesh, rho_of);
      std::vector<double> moved;
      const double kinetic = mover.move(phi, rho, d, rho, moved);
      const Eigen::VectorXd f = p.dense.values(phi_of), r = p.dense.values(rho_of);
      const Eigen::VectorXd flow = p.dense.laplacian(f, r, d) * f;
      EXPECT_LT(p.dense.difference(p.mesh, moved, r - flow.cwiseQuotient(p.dense.volumes())),
                1e-13);
      EXPECT_NEAR(kinetic, f.dot(flow) / d, 1e-12 * f.dot(flow) / d);
    }
  }
}

/// M + sum_f (e_K - e_L)(F^+ / pi_K e_K - F^- / pi_L e_L)^T.
Eigen::MatrixXd positive_matrix(const DenseTransport& dense, const Eigen::VectorXd& phi,
                                const Eigen::VectorXd& rho, const Eigen::VectorXd& pi, double dt) {
  Eigen::MatrixXd A = dense.volumes().asDiagonal();
  for (std::size_t f = 0; f < dense.transport.theta().size(); ++f) {
    const int K = dense.left(f), L = dense.right(f);
    const double jump = phi[K] - phi[L];
    const auto [wK, wL] = dense.weights(f, jump);
    const double F = dt * dense.mesh.faces.transmissibility[f] * (wK * rho[K] + wL * rho[L]) * jump;
    const int from = F > 0 ? K : L, to = F > 0 ? L : K;
    A(from, from) += std::abs(F) / pi[from];
    A(to, from) -= std::abs(F) / pi[from];
  }
  return A;
}

TEST(PositiveTransport, SolvesThePositiveFormWhateverTheFlux) {
  for (const auto& cells : boxes) {
    for (const double dt : {0.01, 1.0, 100.0}) {
      Pair p(graded_box(cells), blended);
      PositiveTransport mover(p.transport);
      const auto pi_of = [](const Point& x) { return 1 + 0.5 * noise(x, 4); };
      const auto phi = field(p.mesh, phi_of), rho = field(p.mesh, rho_of),
                 pi = field(p.mesh, pi_of);
      std::vector<double> moved;
      ASSERT_EQ(mover.move_positive(phi, rho, dt, pi, rho, moved), "");
      const Eigen::VectorXd f = p.dense.values(phi_of), r = p.dense.values(rho_of),
                            masses = p.dense.volumes().cwiseProduct(r);
      const Eigen::MatrixXd A = positive_matrix(p.dense, f, r, p.dense.values(pi_of), dt);
      EXPECT_LT(p.dense.difference(p.mesh, moved, A.partialPivLu().solve(masses)), 1e-12) << dt;
      double min = INFINITY, mass = 0;
      for (std::size_t k = 0; k < std::size_t(p.mesh.owned); ++k) {
        min = std::min(min, moved[k]);
        mass += p.mesh.volume[k] * moved[k];
      }
      EXPECT_GE(p.mesh.comm.min(min), 0);
      EXPECT_NEAR(p.mesh.comm.sum(mass), masses.sum(), 1e-14 * masses.sum());
    }
  }
}

TEST(PositiveTransport, BothFormsAgreeWherePiIsTheResult) {
  Pair p(graded_box({12, 9}), blended);
  PositiveTransport mover(p.transport);
  const auto small = [](const Point& x) { return 1 + 0.5 * noise(x, 2); };
  const auto phi = field(p.mesh, phi_of), rho = field(p.mesh, small);
  std::vector<double> moved, positive;
  mover.move(phi, rho, d, rho, moved);
  double min = INFINITY;
  for (std::size_t k = 0; k < std::size_t(p.mesh.owned); ++k) min = std::min(min, moved[k]);
  ASSERT_GT(p.mesh.comm.min(min), 0);
  ASSERT_EQ(mover.move_positive(phi, rho, d, moved, rho, positive), "");
  double worst = 0;
  for (std::size_t k = 0; k < std::size_t(p.mesh.owned); ++k) {
    worst = std::max(worst, std::abs(positive[k] - moved[k]));
  }
  EXPECT_LT(p.mesh.comm.max(worst), 1e-11);
}

/// W = exp(-|x - y|^2), summed over all cells of the dense mesh: no Fourier transform.
class Gaussian final : public Interaction {
 public:
  Gaussian(const Mesh& mesh, const DenseTransport& dense) : mesh_(mesh), dense_(dense) {}
  static double kernel(const Point& x, const Point& y) {
    double r2 = 0;
    for (std::size_t a = 0; a < 3; ++a) r2 += (x[a] - y[a]) * (x[a] - y[a]);
    return std::exp(-r2);
  }
  [[nodiscard]] static Eigen::MatrixXd matrix(const DenseTransport& dense) {
    Eigen::MatrixXd W(dense.n, dense.n);
    for (int k = 0; k < dense.n; ++k) {
      for (int l = 0; l < dense.n; ++l) {
        W(k, l) = kernel(dense.mesh.center[std::size_t(k)], dense.mesh.center[std::size_t(l)]) *
                  dense.mesh.volume[std::size_t(l)];
      }
    }
    return W;
  }
  void potential(std::span<const double> rho, std::span<double> out) const override {
    Eigen::VectorXd all = Eigen::VectorXd::Zero(dense_.n);
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
      all[dense_.index.at(mesh_.center[k])] = rho[k];
    }
    for (int k = 0; k < dense_.n; ++k) all[k] = mesh_.comm.sum(all[k]);
    const Eigen::VectorXd w = matrix(dense_) * all;
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = w[dense_.index.at(mesh_.center[k])];
  }

 private:
  const Mesh& mesh_;
  const DenseTransport& dense_;
};

/// L_g x + J^T M y = r, J x - (C + W) y = -g.
Eigen::VectorXd coupled_solution(const Eigen::MatrixXd& L, const Eigen::MatrixXd& J,
                                 const Eigen::VectorXd& M, const Eigen::MatrixXd& CW,
                                 const Eigen::VectorXd& r, const Eigen::VectorXd& g) {
  const Eigen::Index n = r.size();
  Eigen::MatrixXd A(2 * n, 2 * n);
  A << L, J.transpose() * M.asDiagonal(), J, -CW;
  Eigen::VectorXd b(2 * n);
  b << r, -g;
  return A.partialPivLu().solve(b);
}

/// The largest differences of x and y, with C = 1/omega over ten orders of magnitude if `rough`.
std::array<double, 2> coupled_difference(const Box& box, bool interact, bool rough) {
  Pair p(box, centred);
  const auto C_of = [=](const Point& x) { return std::exp((rough ? 11 : 1) * noise(x, 6)); };
  const auto phi = field(p.mesh, phi_of), rho = field(p.mesh, rho_of), C = field(p.mesh, C_of),
             r = field(p.mesh, source_of), g = field(p.mesh, phi_of);
  const auto owned = std::size_t(p.mesh.owned), faces = std::size_t(p.mesh.faces.size());
  std::vector<double> slope(faces), conductance(faces), omega(owned), x(owned), y(owned);
  p.transport.slopes(phi, d, slope, slope);
  p.transport.conductances(phi, rho, d, conductance);
  for (std::size_t k = 0; k < owned; ++k) omega[k] = p.mesh.volume[k] / C[k];
  const Gaussian W(p.mesh, p.dense);
  ProximalSystem system(p.transport, {.rtol = 1e-10});
  CoupledSystem coupled(p.transport, interact ? &W : nullptr, system);
  coupled.set({omega, slope, slope, conductance});
  const SolveReport report =
      coupled.solve(std::span(r).first(owned), std::span(g).first(owned), x, y, 1e-12);
  EXPECT_TRUE(report.converged) << report.reason;
  const Eigen::VectorXd f = p.dense.values(phi_of);
  Eigen::MatrixXd CW = p.dense.values(C_of).asDiagonal();
  if (interact) CW += Gaussian::matrix(p.dense);
  const Eigen::VectorXd both =
      coupled_solution(p.dense.laplacian(f, p.dense.values(rho_of), d), p.dense.jacobian(f, d),
                       p.dense.volumes(), CW, p.dense.values(source_of), f);
  return {p.dense.difference(p.mesh, x, both.head(p.dense.n)),
          p.dense.difference(p.mesh, y, both.tail(p.dense.n))};
}

TEST(CoupledSystem, SolvesForBothFields) {
  for (const auto& cells : boxes) {
    for (const bool interact : {false, true}) {
      const auto [x, y] = coupled_difference(graded_box(cells), interact, false);
      EXPECT_LT(x, 1e-8) << cells.size() << interact;
      EXPECT_LT(y, 1e-8) << cells.size() << interact;
    }
  }
}

TEST(CoupledSystem, TakesStiffnessesThatJumpFromCellToCell) {
  const auto [x, y] = coupled_difference(graded_box({16, 12}), true, true);
  EXPECT_LT(x, 1e-6);
  EXPECT_LT(y, 1e-6);
}

}  // namespace
}  // namespace otto::test
