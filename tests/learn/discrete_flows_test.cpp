// The large-deviation functional of n particles against the JKO functional: with P_tau the
// transition law of the flow towards p and F = KL(.|p),
//
//   J_tau(rho; rho0) = min { KL(gamma | rho0 x P_tau) : gamma couples rho0 and rho },
//   2 J_tau - (F(rho) - F(rho0)) - W2^2/(2 tau) = tau/2 int_0^1 I(mu_s|p) ds + O(tau^3),
//
// mu the geodesic from rho0 to rho. (J_tau is the least of the integral over time of
// 1/4 E|v|^2 + 1/4 I, plus half the difference of F: the geodesic is a minimiser but for tau^2.)
// So the two functionals agree to first order in tau, and what is left is known to the third.
//
// P_tau is the exponential of the solver's own generator, by squaring matrices of no negative
// entry; the coupling is Sinkhorn's; J, F and W2 of two meshes are extrapolated to h = 0.

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include "otto/flux/two_point.h"
#include "otto/operators/generator.h"
#include "transport_on_the_line.h"

namespace otto {
namespace {

using namespace test;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Normal {
  double mean, deviation;
};
constexpr Normal from{-0.15, 0.35};
const std::vector<Normal> to{{0.05, 0.35}, {-0.1, 0.4}, {-0.3, 0.3}};
const std::vector<double> taus{0.01, 0.02, 0.04};
constexpr double half = 2.5;

VectorXd vector_of(const std::vector<double>& x) {
  return Eigen::Map<const VectorXd>(x.data(), Eigen::Index(x.size()));
}

/// Transposed: column i holds where the mass of cell i goes in the time t.
MatrixXd transition(const Mesh& mesh, double t) {
  const auto n = std::size_t(mesh.owned);
  std::vector<double> V, unit(n, 0.0), rate(n);
  for (std::size_t i = 0; i < n; ++i) V.push_back(double_well(mesh.center[i][0]));
  const FreeEnergy energy = energy_of(V);
  const Generator generator(mesh, energy, find_flux("scharfetter_gummel"));
  MatrixXd Q(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    unit[i] = 1 / mesh.volume[i];
    generator.apply(unit, rate);
    Q.col(Eigen::Index(i)) = vector_of(rate);
    unit[i] = 0;
  }
  // exp(t Q) = (exp(-s) sum (s + t/2^k Q)^j / j!)^(2^k), s >= the rates: sums of positive terms.
  const double max = t * Q.diagonal().cwiseAbs().maxCoeff();
  const int k = std::max(0, int(std::ceil(std::log2(max))));
  const double s = std::ldexp(max, -k);
  const MatrixXd step = s * MatrixXd::Identity(Q.rows(), Q.cols()) + std::ldexp(t, -k) * Q;
  MatrixXd term = MatrixXd::Identity(Q.rows(), Q.cols()), P = term;
  for (int j = 1; j < 24; ++j) {
    term = (term * step / j).eval();
    P += term;
  }
  P *= std::exp(-s);
  for (int i = 0; i < k; ++i) P = (P * P).eval();
  return P;
}

/// KL(gamma|rho0 x P) for the coupling gamma = u_i rho0_i P_ij v_j of the given marginals.
double min_entropy(const MatrixXd& P, const VectorXd& rho0, const VectorXd& rho) {
  VectorXd v = VectorXd::Ones(rho.size()), u;
  for (int i = 0; i < 5000; ++i) {
    u = (P.transpose() * v).cwiseInverse();
    const VectorXd next = rho.cwiseQuotient(P * rho0.cwiseProduct(u));
    const double change = rho.dot((next.array() / v.array()).log().abs().matrix());
    v = next;
    if (change < 1e-14) break;
  }
  u = (P.transpose() * v).cwiseInverse();
  return rho0.dot(u.array().log().matrix()) + rho.dot(v.array().log().matrix());
}

/// 2 J - (F - F0) - W2^2/(2 tau) for every law of `to`, one column per tau.
MatrixXd differences(std::int64_t cells) {
  const Mesh mesh = make_box_mesh(Comm(MPI_COMM_SELF), cube(1, half, cells));
  const auto law = [&](Normal g) {
    return masses_of(mesh, [&](Point x) { return normal(x[0], g.mean, g.deviation); });
  };
  const auto p = masses_of(mesh, [](Point x) { return std::exp(-double_well(x[0])); });
  const auto rho0 = law(from);
  MatrixXd result(to.size(), taus.size());
  MatrixXd P = transition(mesh, taus[0]);
  for (std::size_t t = 0; t < taus.size(); ++t) {
    if (t > 0) P = (P * P).eval();  // every tau is twice the one before
    for (std::size_t k = 0; k < to.size(); ++k) {
      const auto rho = law(to[k]);
      const double J = min_entropy(P, vector_of(rho0), vector_of(rho));
      result(Eigen::Index(k), Eigen::Index(t)) =
          2 * J - (relative_entropy(rho, p) - relative_entropy(rho0, p)) -
          squared_distance(mesh, rho, rho0) / (2 * taus[t]);
    }
  }
  return result;
}

/// int_0^1 I(mu_s|p) ds along the geodesic of normal laws, by Simpson's rule and sums over x.
double mean_information(Normal a, Normal b) {
  constexpr int parts = 20, points = 4000;
  double integral = 0;
  for (int j = 0; j <= parts; ++j) {
    const double s = double(j) / parts;
    const double m = a.mean + s * (b.mean - a.mean),
                 d = a.deviation + s * (b.deviation - a.deviation);
    double sum = 0, mass = 0;
    for (int i = 0; i < points; ++i) {
      const double x = half * (2 * (i + 0.5) / points - 1), w = normal(x, m, d);
      mass += w;
      sum += w * std::pow(double_well_slope(x) - (x - m) / (d * d), 2);
    }
    const int weight = j == 0 || j == parts ? 1 : (j % 2 == 1 ? 4 : 2);
    integral += weight * sum / mass / (3 * parts);
  }
  return integral;
}

TEST(DiscreteFlows, LargeDeviationsAreProximalStepsToFirstOrder) {
  const MatrixXd coarse = differences(400), fine = differences(800);
  const MatrixXd limit = fine + (fine - coarse) / 3;
  std::vector<double> max(taus.size(), 0.0), rest(taus.size(), 0.0);
  for (std::size_t k = 0; k < to.size(); ++k) {
    const double slope = 0.5 * mean_information(from, to[k]);
    for (std::size_t t = 0; t < taus.size(); ++t) {
      const double value = limit(Eigen::Index(k), Eigen::Index(t));
      max[t] = std::max(max[t], std::abs(value));
      rest[t] = std::max(rest[t], std::abs(value - slope * taus[t]));
    }
  }
  EXPECT_NEAR(order_of(taus, max), 1, 0.1);
  EXPECT_NEAR(order_of(taus, rest), 3, 0.1);
}

}  // namespace
}  // namespace otto
