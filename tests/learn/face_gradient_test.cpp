// Gradients across faces: the logarithmic mean, derivatives, and where the penalties come to rest on
// the grid itself, with U free in every cell: N1 at q = (1 - lambda Lap_h) p, N2 at q = p.

#include "otto/learn/face_gradient.h"

#include <gtest/gtest.h>

#include <cmath>

#include "otto/learn/early_stopping.h"
#include "training.h"

namespace otto {
namespace {

using namespace test;

Mesh square() { return make_box_mesh(Comm(), cube(2, 1.5, 12)); }

double rough(Point x) {
  return std::exp(-x[0] + std::sin(5 * x[1]) * x[0] + 0.3 * std::cos(9 * x[0]));
}

std::vector<double> energy_of(const Mesh& mesh, const std::vector<double>& p) {
  std::vector<double> U;
  for (std::size_t k = 0; k < p.size(); ++k) U.push_back(-std::log(p[k] / mesh.volume[k]));
  return U;
}

TEST(LogarithmicMean, IsTheQuotientAndItsLimits) {
  EXPECT_NEAR(logarithmic_mean(2, 1), 1 / std::log(2.0), 1e-15);
  EXPECT_NEAR(logarithmic_mean(1e-200, 1), 1 / (200 * std::log(10.0)), 1e-15);
  EXPECT_EQ(logarithmic_mean(3, 3), 3);
  EXPECT_EQ(logarithmic_mean(0, 3), 0);
  for (const double e : {1e-2, 1e-3, 1e-4}) {  // on both sides of the series' end
    EXPECT_NEAR(logarithmic_mean(1 + e, 1 - e), 2 * e / std::log1p(2 * e / (1 - e)), 1e-12) << e;
  }
}

TEST(FacePenalty, DerivativeIsThatOfTheValue) {
  const Mesh mesh = square();
  const auto rho = masses_of(mesh, rough);
  for (const bool laplacian : {false, true}) {
    std::vector<double> U(rho.size()), unused(rho.size()), c(rho.size(), 0.0);
    for (std::size_t k = 0; k < U.size(); ++k) U[k] = std::sin(3.0 * double(k));
    (void)add_gradient_penalty(mesh, U, rho, 0.3, laplacian, c);
    for (const std::size_t k : {0U, 17U, 77U, 143U}) {
      const double e = 1e-4, here = U[k];
      U[k] = here + e;
      const double above = add_gradient_penalty(mesh, U, rho, 0.3, laplacian, unused);
      U[k] = here - e;
      const double below = add_gradient_penalty(mesh, U, rho, 0.3, laplacian, unused);
      U[k] = here;
      EXPECT_NEAR((above - below) / (2 * e), c[k], 1e-9) << k << laplacian;
    }
  }
}

TEST(FacePenalty, RestsAtTheBlurredDataAndFisherAtTheData) {
  const Mesh mesh = square();
  const auto p = masses_of(mesh, rough), U = energy_of(mesh, p);
  const double lambda = 0.2;
  std::vector<double> q = p;  // (1 - lambda Lap_h) p
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double flux =
        lambda * mesh.faces.transmissibility[f] * (p[K] / mesh.volume[K] - p[L] / mesh.volume[L]);
    q[K] += flux;
    q[L] -= flux;
  }
  std::vector<double> blurred(p.size()), exact(p.size(), 0.0);
  for (std::size_t k = 0; k < p.size(); ++k) blurred[k] = q[k] - p[k];
  (void)add_gradient_penalty(mesh, U, p, lambda, false, blurred);
  (void)add_gradient_penalty(mesh, U, p, lambda, true, exact);
  for (std::size_t k = 0; k < p.size(); ++k) {
    EXPECT_NEAR(blurred[k], 0, 1e-14);
    EXPECT_NEAR(exact[k], 0, 1e-14);
  }
}

TEST(FacePenalty, BetweenTheCentresAQuadraticIsAsSteep) {
  const Mesh mesh = make_box_mesh(Comm(), cube(2, 6, 96));
  const auto network = make_network(quadratic(2, {1.3, 0.2, 0.2, 0.8}));
  GridModel model(mesh, *network);
  model.update();
  // E |A x|^2 = tr A at p = exp(-x.A x/2)
  EXPECT_NEAR(gradient_square(mesh, model.energy(), model.mass()), 2.1, 0.01);
  EXPECT_NEAR(gradient_square_between(mesh, *network, model.mass(), 1), 2.1, 0.05);
}

TEST(EarlyStopping, KeepsTheBestAndWaits) {
  const auto network = make_network(quadratic(1, {1.0}));
  EarlyStopping stopping(2);
  const auto look = [&](double a, double likelihood) {
    network->set(std::vector{a});
    stopping.look(likelihood, *network);
  };
  look(1, -3);
  look(2, -2);
  EXPECT_TRUE(stopping.at_best());
  look(3, -2.5);
  EXPECT_FALSE(stopping.should_stop());
  look(4, std::nan(""));
  EXPECT_TRUE(stopping.should_stop());
  EXPECT_FALSE(stopping.at_best());
  stopping.restore(*network);
  std::vector<double> theta(1);
  network->get(theta);
  EXPECT_EQ(theta[0], 2);
  EXPECT_EQ(stopping.best(), -2);
}

}  // namespace
}  // namespace otto
