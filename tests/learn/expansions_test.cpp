// The expansions behind the schemes of training, on a grid: their orders by regression over several
// steps. With phi = log(rho/q), q = exp(-V)/Z and Gamma2 = phi''^2 + V'' phi'^2 on the line,
//
//   flow        KL(rho_tau|q) = KL - tau I + tau^2 G + O(tau^3),     I = E phi'^2,  G = E Gamma2
//               W2^2(rho_tau, rho) = tau^2 I - tau^3 G + O(tau^4)    (G = -1/2 dI/dt)
//   proximal    KL(rho_1|q) = KL - tau I + 3/2 tau^2 G + O(tau^3)
//               W2^2(rho_1, rho) = tau^2 I - 2 tau^3 G + O(tau^4)
//               (x1 = x - tau grad F(x1) in the metric of W2; G is its Hessian along grad F)
//   I(rho|p) = J(rho) + E_rho (|grad U|^2 - 2 Lap U), the grid's own I and J to O(h^2).
//
// Expectations are those of the formulas at rho, a normal law; rho_tau is the grid's.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/learn/grid_flow.h"
#include "otto/operators/generator.h"
#include "transport_on_the_line.h"

namespace otto {
namespace {

using namespace test;

constexpr double mean = 0.3, variance = 0.4;

/// The flow towards a double well from a normal law, in 3600 cells.
struct Descending {
  Descending() : mesh(make_box_mesh(Comm(), cube(1, 4.5, 3600))), flow(mesh, {.rtol = 1e-13}) {
    rho = masses_of(mesh, [](Point x) { return normal(x[0], mean, std::sqrt(variance)); });
    q = masses_of(mesh, [](Point x) { return std::exp(-double_well(x[0])); });
    std::vector<double> V;
    for (std::size_t i = 0; i < rho.size(); ++i) V.push_back(double_well(mesh.center[i][0]));
    flow.set(V);
    for (std::size_t i = 0; i < rho.size(); ++i) {
      const double x = mesh.center[i][0], curvature = 1.5 * x * x - 1;
      const double slope = -(x - mean) / variance + double_well_slope(x);
      I += rho[i] * slope * slope;
      G += rho[i] * (std::pow(curvature - 1 / variance, 2) + curvature * slope * slope);
    }
  }

  /// The law after the time t: implicit Euler in 1, 2, 4, ... steps, extrapolated to none.
  [[nodiscard]] std::vector<double> after(double t) {
    constexpr int levels = 5;
    std::vector<std::vector<double>> column;
    for (int k = 0; k < levels; ++k) {
      std::vector<double> m = rho;
      for (int i = 0; i < 1 << k; ++i) (void)flow.step(t / (1 << k), m);
      column.push_back(std::move(m));
    }
    for (int order = 1; order < levels; ++order) {
      const double weight = 1.0 / ((1 << order) - 1);
      for (int k = levels - 1; k >= order; --k) {
        auto &fine = column[std::size_t(k)], &coarse = column[std::size_t(k) - 1];
        for (std::size_t i = 0; i < fine.size(); ++i) fine[i] += weight * (fine[i] - coarse[i]);
      }
    }
    for (double& m : column.back()) m = std::max(m, 0.0);
    return column.back();
  }
  [[nodiscard]] std::vector<double> proximal(double tau) {
    std::vector<double> m = rho;
    (void)flow.proximal(tau, m);
    return m;
  }

  Mesh mesh;
  GridFlow flow;
  std::vector<double> rho, q;
  double I = 0, G = 0;
};

const std::vector<double> steps{4e-3, 8e-3, 1.6e-2, 3.2e-2};

TEST(Expansion, OfTheRelativeEntropyAndTheDistanceAlongTheFlow) {
  Descending d;
  std::vector<double> first, second, length, longer;
  for (const double tau : steps) {
    const auto m = d.after(tau);
    const double change = relative_entropy(m, d.q) - relative_entropy(d.rho, d.q);
    first.push_back(change + tau * d.I);
    second.push_back(change + tau * d.I - tau * tau * d.G);
    const double w = squared_distance(d.mesh, m, d.rho);
    length.push_back(w - tau * tau * d.I);
    longer.push_back(w - tau * tau * d.I + tau * tau * tau * d.G);
  }
  EXPECT_NEAR(order_of(steps, first), 2, 0.1);
  EXPECT_NEAR(order_of(steps, second), 3, 0.1);
  EXPECT_NEAR(order_of(steps, length), 3, 0.1);
  EXPECT_NEAR(order_of(steps, longer), 4, 0.1);
}

TEST(Expansion, OfTheGridsProximalStep) {
  Descending d;
  std::vector<double> entropy, length;
  for (const double tau : steps) {
    const auto m = d.proximal(tau);
    const double change = relative_entropy(m, d.q) - relative_entropy(d.rho, d.q);
    entropy.push_back(change + tau * d.I - 1.5 * tau * tau * d.G);
    length.push_back(squared_distance(d.mesh, m, d.rho) - tau * tau * d.I +
                     2 * tau * tau * tau * d.G);
  }
  EXPECT_NEAR(order_of(steps, entropy), 3, 0.1);
  EXPECT_NEAR(order_of(steps, length), 4, 0.1);
}

/// -d/dt KL(m|exp(-V)/Z) under the flow of V: the grid's I(m|p).
double information(const Mesh& mesh, const std::vector<double>& m, const std::vector<double>& V) {
  const FreeEnergy energy = energy_of(V);
  const Generator generator(mesh, energy, find_flux("scharfetter_gummel"));
  std::vector<double> rho(std::size_t(mesh.local())), rate(m.size());
  for (std::size_t i = 0; i < m.size(); ++i) rho[i] = m[i] / mesh.volume[i];
  mesh.halo.update(mesh.comm, rho);
  generator.apply(rho, rate);
  double sum = 0;
  for (std::size_t i = 0; i < m.size(); ++i) sum -= rate[i] * (std::log(rho[i]) + V[i]);
  return mesh.comm.sum(sum);
}

TEST(Expansion, OfTheFisherInformation) {
  const auto network = make_network(small_mlp(2, 3));
  std::vector<double> widths, errors;
  for (const std::int64_t n : {48, 96, 192}) {
    const Mesh mesh = make_box_mesh(Comm(), cube(2, 3, n));
    const auto m =
        masses_of(mesh, [](Point x) { return normal(x[0], 0.2, 0.45) * normal(x[1], -0.1, 0.4); });
    const std::span<const Point> points(mesh.center.data(), m.size());
    std::vector<double> U(m.size()), none(m.size(), 0.0);
    std::vector<double> unused(std::size_t(network->parameters()), 0.0);
    network->evaluate(points, U);
    for (double& u : U) u *= 20;  // as large as J
    const double J = information(mesh, m, none), I = information(mesh, m, U);
    const double square = mesh.comm.sum(network->add_score(points, m, 2, 0, unused));
    const double laplacian = mesh.comm.sum(network->add_score(points, m, 0, 1, unused));
    widths.push_back(6.0 / double(n));
    errors.push_back(I - J - 400 * square + 2 * 20 * laplacian);
    EXPECT_GT(std::abs(I - J), 0.1 * J);
    EXPECT_LT(std::abs(errors.back()), 2 * std::pow(6.0 / double(n), 2) * I);
  }
  EXPECT_NEAR(order_of(widths, errors), 2, 0.1);
}

}  // namespace
}  // namespace otto
