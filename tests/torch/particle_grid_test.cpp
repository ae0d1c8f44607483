// Particles in one to three dimensions against quadrature on a grid, for an energy that is a network:
//
//   the root mean square error of observables over independent sets of N particles falls as N^(-1/2);
//   N (m - E J)^T Cov(J) ^-1 (m - E J), m the mean of J = dU/dtheta over N particles, is chi^2 of as
//   many degrees of freedom as Cov(J) has directions.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "otto/network/network_module.h"
#include "otto/particles/walk.h"

namespace otto {
namespace {

/// A perceptron on a normal law, its means over p by the midpoint rule.
class OnAGrid : public testing::TestWithParam<int> {
 protected:
  OnAGrid()
      : g(Vector::Zero(d),
          Rows(Rows{{1.0, 0.3, 0.1}, {0.3, 0.6, -0.2}, {0.1, -0.2, 0.8}}.topLeftCorner(d, d))) {
    WideDesign design;
    design.dimension = d;
    design.widths = {6};
    design.reference = g.buffers();
    design.amplitude = 3;
    network = make_wide_network(design);
    const int cells = d < 3 ? 300 : 64;
    constexpr double reach = 6;
    Rows x(Eigen::Index(std::lround(std::pow(cells, d))), d);
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      for (Eigen::Index axis = 0, place = i; axis < d; ++axis, place /= cells) {
        x(i, axis) = reach * (2 * (double(place % cells) + 0.5) / cells - 1);
      }
    }
    const Vector U = NetworkEnergy(*network).energy(x);
    weight = (U.minCoeff() - U.array()).exp();
    weight /= weight.sum();
    observed = observables(x, U);
    exact = observed.transpose() * weight;
    const Rows J = jacobian(x);
    mean_J = J.transpose() * weight;
    const Rows centred = J.rowwise() - mean_J.transpose();
    covariance = centred.transpose() * weight.asDiagonal() * centred;
  }
  [[nodiscard]] Rows jacobian(const Rows& x) const {
    Rows J(x.rows(), network->parameters());
    network->jacobian(as_span(x), as_span(J));
    return J;
  }
  static Rows observables(const Rows& x, const Vector& U) {
    Rows o(x.rows(), 4);
    const auto last = x.col(x.cols() - 1);
    o << U, x.col(0), last.cwiseProduct(x.col(0)),
        (x.col(0).array() > 0.5 * last.array() + 0.2).cast<double>();
    return o;
  }
  /// N particles after steps that forget the start.
  [[nodiscard]] Rows sample(Eigen::Index n, std::uint64_t seed) const {
    const NetworkEnergy energy(*network);
    const Walk walk(energy, g, &g, {"mala", seed, Purpose::training});
    Rows all(n, d);
    for (Eigen::Index first = 0; first < n; first += 64) {
      const Eigen::Index count = std::min<Eigen::Index>(64, n - first);
      Particles p = walk.draw(first, count, 0);
      for (std::uint64_t k = 1; k <= 80; ++k) {
        (void)walk.step(p, Vector::Ones(count), Vector::Constant(count, 0.3), k);
      }
      all.middleRows(first, count) = walk.positions(p);
    }
    return all;
  }

  const int d = GetParam();
  Gaussian g;
  std::unique_ptr<WideNetwork> network;
  Vector weight, exact, mean_J;
  Rows observed;
  Eigen::MatrixXd covariance;
};

TEST_P(OnAGrid, ErrorsOfObservablesFallAsTheRootOfTheParticles) {
  const Vector deviation =
      ((observed.rowwise() - exact.transpose()).array().square().matrix().transpose() * weight)
          .cwiseSqrt();
  double sx = 0, sy = 0, sxx = 0, sxy = 0, points = 0;
  for (const Eigen::Index n : {32, 128, 512, 2048}) {
    double squares = 0;
    const auto seeds = std::uint64_t(std::max<Eigen::Index>(12, 4096 / n));
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      const Rows x = sample(n, 4000 + seed);
      const Rows o = observables(x, NetworkEnergy(*network).energy(x));
      const Vector off = o.colwise().mean().transpose() - exact;
      squares += off.cwiseQuotient(deviation).squaredNorm();
    }
    const double error = std::sqrt(squares / (4 * double(seeds))), a = std::log(double(n)),
                 b = std::log(error);
    EXPECT_NEAR(error * std::sqrt(double(n)), 1, 0.4) << n;
    sx += a;
    sy += b;
    sxx += a * a;
    sxy += a * b;
    points += 1;
  }
  const double slope = (points * sxy - sx * sy) / (points * sxx - sx * sx);
  EXPECT_NEAR(slope, -0.5, 0.1);
  RecordProperty("slope", fmt::format("{:.3f}", slope));
}

TEST_P(OnAGrid, GradientsAreThoseOfTheGrid) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> e(covariance);
  const Vector& values = e.eigenvalues();
  constexpr Eigen::Index n = 4096;
  double sum = 0, freedom = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Vector off = e.eigenvectors().transpose() *
                       (jacobian(sample(n, 5000 + seed)).colwise().mean().transpose() - mean_J);
    for (Eigen::Index k = 0; k < values.size(); ++k) {
      if (values[k] < 1e-6 * values.maxCoeff()) continue;
      const double z2 = double(n) * off[k] * off[k] / values[k];
      EXPECT_LT(z2, 25) << k;
      sum += z2;
      freedom += 1;
    }
  }
  EXPECT_GT(freedom, 25);
  const double sigmas = (sum - freedom) / std::sqrt(2 * freedom);
  EXPECT_LT(std::abs(sigmas), 3);
  RecordProperty("sigmas", fmt::format("{:+.2f}", sigmas));
}

INSTANTIATE_TEST_SUITE_P(Dimensions, OnAGrid, testing::Values(1, 2, 3),
                         [](const auto& instance) { return std::to_string(instance.param) + "d"; });

}  // namespace
}  // namespace otto
