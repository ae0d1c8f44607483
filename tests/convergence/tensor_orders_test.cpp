// A full tensor turned by 30 degrees with eigenvalues 1 and 1/100, V = |x - x0|^2 / 2: a Gaussian
// stays one, with mean x0 + e^(-L t) (m0 - x0) and covariance kT + e^(-L t) (s - kT) e^(-L t).
// Midpoint steps that shrink with h, errors at the cells' points, orders by n^(-1/2).

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <numbers>

#include "otto/driver/summary.h"
#include "scenario.h"

namespace otto::test {
namespace {

struct Level {
  double cells, l1, l2, covariance;  ///< the last: largest error of an entry, over kT
};

Level run(const std::string& mesh, double step) {
  constexpr double end = 0.5, kT = 0.006, s = 0.004;
  const double c = std::cos(std::numbers::pi / 6), n = std::sin(std::numbers::pi / 6);
  Eigen::Matrix2d R, L;
  R << c, -n, n, c;
  const auto function = [&](double along, double across) -> Eigen::Matrix2d {
    return R * Eigen::Vector2d(along, across).asDiagonal() * R.transpose();
  };
  L = function(1, 0.01);
  const Eigen::Matrix2d decay = function(std::exp(-end), std::exp(-0.01 * end));
  const Eigen::Vector2d m = Eigen::Vector2d(0.5, 0.5) + decay * Eigen::Vector2d(0.06, -0.03);
  const Eigen::Matrix2d C = kT * Eigen::Matrix2d::Identity() + (s - kT) * decay * decay;
  const Eigen::Matrix2d P = C.inverse();
  const std::string text = fmt::format(
      "[mesh]\n{}[diffusion]\ntensor = [[{:.17g}, {:.17g}], [{:.17g}, {:.17g}]]\n[flux]\nkind = "
      "\"simplex\"\n[[energy]]\nkind = \"entropy\"\ntemperature = {}\n[[energy]]\nkind = "
      "\"external\"\nexpression = \"0.5*(x-0.5)^2 + 0.5*(y-0.5)^2\"\n[initial]\nkind = "
      "\"gaussian\"\nmean = [0.56, 0.47]\nvariance = {}\n[time]\nscheme = \"midpoint\"\nstep = "
      "{}\nend = {}\n[exact]\ndensity = \"exp(-0.5*({:.17g}*(x-{:.17g})^2 + "
      "2*({:.17g})*(x-{:.17g})*(y-{:.17g}) + {:.17g}*(y-{:.17g})^2))/{:.17g}\"\n",
      mesh, L(0, 0), L(0, 1), L(1, 0), L(1, 1), kT, s, step, end, P(0, 0), m(0), P(0, 1), m(0),
      m(1), P(1, 1), m(1), 2 * std::numbers::pi * std::sqrt(C.determinant()));
  Scenario scenario(text);
  State state = scenario.initial();
  scenario.run(state);
  const Mesh& grid = scenario.mesh;
  const auto exact = exact_density(scenario.c, grid, end);
  const auto rho = std::span(state.density).first(std::size_t(grid.owned));
  const ErrorNorms e = error_norms(grid, rho, *exact);
  Eigen::Vector2d mean(0, 0);
  Eigen::Matrix2d second = Eigen::Matrix2d::Zero();
  for (std::size_t K = 0; K < rho.size(); ++K) {
    const Eigen::Vector2d x(grid.center[K][0], grid.center[K][1]);
    mean += grid.volume[K] * rho[K] * x;
    second += grid.volume[K] * rho[K] * x * x.transpose();
  }
  const double off = (second - mean * mean.transpose() - C).cwiseAbs().maxCoeff() / kT;
  EXPECT_GT(scenario.records.back().ledger.min_density, 0);
  return {double(grid.global_cells), e.l1, e.l2, off};
}

void expect_order_two(const Level& coarse, const Level& fine) {
  const double ratio = 0.5 * std::log(fine.cells / coarse.cells);
  EXPECT_GE(std::log(coarse.l1 / fine.l1) / ratio, 1.9) << fine.l1;
  EXPECT_GE(std::log(coarse.l2 / fine.l2) / ratio, 1.9) << fine.l2;
  EXPECT_GE(std::log(coarse.covariance / fine.covariance) / ratio, 1.9) << fine.covariance;
}

TEST(TensorOrder, IsTwoOnBoxes) {
  const auto box = [](int n) {
    return fmt::format("lower = [0.0, 0.0]\nupper = [1.0, 1.0]\ncells = [{}, {}]\n", n, n);
  };
  expect_order_two(run(box(32), 0.1), run(box(64), 0.05));
}

TEST(TensorOrder, IsTwoOnTriangles) {
  const auto acute = [](int refine) {
    return fmt::format("kind = \"gmsh\"\nfile = \"" OTTO_SOURCE_DIR
                       "/meshes/acute.msh\"\nrefine = {}\ncontrol_volumes = \"medians\"\n",
                       refine);
  };
  expect_order_two(run(acute(3), 0.05), run(acute(4), 0.025));
}

}  // namespace
}  // namespace otto::test
