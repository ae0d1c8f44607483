// A full tensor turned by 30 degrees with eigenvalues 1 and 1/100 (in space 1, 1/10, 1/100), V = |x - x0|^2 / 2: a Gaussian
// stays one, with mean x0 + e^(-L t) (m0 - x0) and covariance kT + e^(-L t) (s - kT) e^(-L t).
// Midpoint steps that shrink with h, errors at the cells' points, orders by n^(-1/d).

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <Eigen/Geometry>
#include <cmath>
#include <numbers>

#include "otto/driver/summary.h"
#include "scenario.h"

namespace otto::test {
namespace {

struct Level {
  int dimension;
  double cells, l1, l2, covariance;  ///< the last: largest error of an entry, over kT
};

/// The law of one dimension: kT, the variance at the start, and its mean from the middle.
struct Law {
  double kT, variance;
  Eigen::VectorXd offset;
};

/// "[[a, b], [c, d]]".
std::string rows(const Eigen::MatrixXd& A) {
  std::string text;
  for (Eigen::Index i = 0; i < A.rows(); ++i) {
    std::string row;
    for (Eigen::Index j = 0; j < A.cols(); ++j) {
      row += fmt::format("{}{:.17g}", j > 0 ? ", " : "", A(i, j));
    }
    text += fmt::format("{}[{}]", i > 0 ? ", " : "", row);
  }
  return "[" + text + "]";
}

/// exp(-(x - m)' P (x - m)/2)/norm.
std::string normal(const Eigen::VectorXd& m, const Eigen::MatrixXd& P, double norm) {
  std::string square;
  for (Eigen::Index i = 0; i < m.size(); ++i) {
    for (Eigen::Index j = 0; j < m.size(); ++j) {
      square += fmt::format("{}({:.17g})*({}-{:.17g})*({}-{:.17g})", i + j > 0 ? " + " : "",
                            P(i, j), "xyz"[i], m(i), "xyz"[j], m(j));
    }
  }
  return fmt::format("exp(-0.5*({}))/{:.17g}", square, norm);
}

Level run(const std::string& mesh, double step, const Law& law, const Eigen::MatrixXd& turn,
          const Eigen::VectorXd& eigenvalues) {
  constexpr double end = 0.5;
  const Eigen::Index d = turn.rows();
  const auto function = [&](const Eigen::VectorXd& of) -> Eigen::MatrixXd {
    return turn * of.asDiagonal() * turn.transpose();
  };
  const Eigen::MatrixXd L = function(eigenvalues);
  const Eigen::MatrixXd decay = function((-end * eigenvalues).array().exp().matrix());
  const Eigen::VectorXd middle = Eigen::VectorXd::Constant(d, 0.5);
  const Eigen::VectorXd m0 = middle + law.offset, m = middle + decay * law.offset;
  const Eigen::MatrixXd C =
      law.kT * Eigen::MatrixXd::Identity(d, d) + (law.variance - law.kT) * decay * decay;
  const double norm = std::sqrt((2 * std::numbers::pi * C).determinant());
  const std::string text = fmt::format(
      "[mesh]\n{}[diffusion]\ntensor = {}\n[flux]\nkind = \"simplex\"\n[[energy]]\nkind = "
      "\"entropy\"\ntemperature = {}\n[[energy]]\nkind = \"external\"\nexpression = "
      "\"0.5*(x-0.5)^2 + 0.5*(y-0.5)^2{}\"\n[initial]\nkind = \"gaussian\"\nmean = [{:.17g}]\n"
      "variance = {}\n[time]\nscheme = \"midpoint\"\nstep = {}\nend = {}\n[exact]\ndensity = "
      "\"{}\"\n",
      mesh, rows(L), law.kT, d > 2 ? " + 0.5*(z-0.5)^2" : "", fmt::join(m0, ", "), law.variance,
      step, end, normal(m, C.inverse(), norm));
  Scenario scenario(text);
  State state = scenario.initial();
  scenario.run(state);
  const Mesh& grid = scenario.mesh;
  const auto exact = exact_density(scenario.c, grid, end);
  const auto rho = std::span(state.density).first(std::size_t(grid.owned));
  const ErrorNorms e = error_norms(grid, rho, *exact);
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(d);
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(d, d);
  for (std::size_t K = 0; K < rho.size(); ++K) {
    const Eigen::VectorXd x = Eigen::Map<const Eigen::VectorXd>(grid.center[K].data(), d);
    mean += grid.volume[K] * rho[K] * x;
    second += grid.volume[K] * rho[K] * x * x.transpose();
  }
  const double off = (second - mean * mean.transpose() - C).cwiseAbs().maxCoeff() / law.kT;
  EXPECT_GT(scenario.records.back().ledger.min_density, 0);
  return {int(d), double(grid.global_cells), e.l1, e.l2, off};
}

Level run_plane(const std::string& mesh, double step) {
  const Law law{0.006, 0.004, Eigen::Vector2d(0.06, -0.03)};
  const Eigen::Matrix2d turn = Eigen::Rotation2Dd(std::numbers::pi / 6).toRotationMatrix();
  return run(mesh, step, law, turn, Eigen::Vector2d(1, 0.01));
}

/// Turned by 30 degrees about z, then about x, eigenvalues 1, 1/10, 1/100.
Level run_space(int n, double step) {
  const Law law{0.01, 0.007, Eigen::Vector3d(0.06, -0.03, 0.04)};
  const double angle = std::numbers::pi / 6;
  const Eigen::Matrix3d turn = (Eigen::AngleAxisd(angle, Eigen::Vector3d::UnitX()) *
                                Eigen::AngleAxisd(angle, Eigen::Vector3d::UnitZ()))
                                   .toRotationMatrix();
  const std::string box =
      fmt::format("lower = [0.0, 0.0, 0.0]\nupper = [1.0, 1.0, 1.0]\ncells = [{0}, {0}, {0}]\n", n);
  return run(box, step, law, turn, Eigen::Vector3d(1, 0.1, 0.01));
}

void expect_order_two(const Level& coarse, const Level& fine) {
  const double ratio = std::log(fine.cells / coarse.cells) / coarse.dimension;
  EXPECT_GE(std::log(coarse.l1 / fine.l1) / ratio, 1.9) << fine.l1;
  EXPECT_GE(std::log(coarse.l2 / fine.l2) / ratio, 1.9) << fine.l2;
  EXPECT_GE(std::log(coarse.covariance / fine.covariance) / ratio, 1.9) << fine.covariance;
}

TEST(TensorOrder, IsTwoOnBoxes) {
  const auto box = [](int n) {
    return fmt::format("lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [{}, {}]\n", n, n);
  };
  expect_order_two(run_plane(box(32), 0.1), run_plane(box(64), 0.05));
}

TEST(TensorOrder, IsTwoOnTriangles) {
  const auto acute = [](int refine) {
    return fmt::format("kind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
                       "/meshes/acute.msh\"\nrefine = {}\ncontrol_volumes = \"medians\"\n",
                       refine);
  };
  expect_order_two(run_plane(acute(3), 0.05), run_plane(acute(4), 0.025));
}

TEST(TensorOrder, IsTwoInSpace) { expect_order_two(run_space(16, 0.1), run_space(32, 0.05)); }

}  // namespace
}  // namespace otto::test
