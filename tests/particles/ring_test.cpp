// The ring against values of an independent computation (numpy, 400 nodes, eigenvalues of K), plain
// quadrature in two dimensions, and its own samples.

#include "otto/particles/ring.h"

#include <gtest/gtest.h>

#include <cmath>

namespace otto {
namespace {

TEST(Ring, LogPartitionFunctionAndMeanEnergy) {
  const struct {
    int d;
    double b, J, log_z, mean;
  } known[] = {{16, 1, 1, 2.733814, 11.8262},  {32, 1, 1, 5.467556, 23.6531},
               {64, 1, 1, 10.935112, 47.3062}, {16, 1.5, 2, -3.956740, 0},
               {32, 1.5, 2, -7.954484, 0},     {64, 1.5, 2, -15.909845, 0}};
  for (const auto& k : known) {
    const RingLaw law({k.d, k.b, k.J});
    EXPECT_NEAR(law.log_z(), k.log_z, 1e-6);
    if (k.mean == 0) continue;
    EXPECT_NEAR(law.mean_energy(), k.mean, 1e-4);
  }
}

TEST(Ring, TwoSitesAgreeWithPlainQuadrature) {
  const Ring ring{2, 0.7, 0.4, 0.3};
  double z = 0, energy = 0;
  constexpr int n = 1200;
  constexpr double h = 8.0 / n;
  for (int i = 0; i <= n; ++i) {
    for (int j = 0; j <= n; ++j) {
      const double x = -4 + h * i, y = -4 + h * j, u = ring.pair(x, y) + ring.pair(y, x);
      z += std::exp(-u) * h * h;
      energy += u * std::exp(-u) * h * h;
    }
  }
  const RingLaw law(ring);
  EXPECT_NEAR(law.log_z(), std::log(z), 1e-9);
  EXPECT_NEAR(law.mean_energy(), energy / z, 1e-8);
}

TEST(Ring, EntropyIsMinusTheDerivativeInTemperature) {
  // E U = -d/dt log Z(t U) at t = 1
  const auto at = [](double t) { return RingLaw({24, 1.2 * t, 0.8 * t, 0.1 * t}).log_z(); };
  const RingLaw law({24, 1.2, 0.8, 0.1});
  EXPECT_NEAR(law.mean_energy(), (at(0.999) - at(1.001)) / 0.002, 1e-4);
  EXPECT_NEAR(law.entropy(), law.mean_energy() + law.log_z(), 1e-12);
}

TEST(Ring, SamplesHaveTheLawsMoments) {
  const Ring ring{24, 1, 1.3, 0.2};
  const RingLaw law(ring);
  const Rows x = law.samples(0, 4000, 77);
  const Vector U = RingEnergy(ring).energy(x);
  const double spread = std::sqrt((U.array() - U.mean()).square().mean() / 4000);
  EXPECT_NEAR(U.mean(), law.mean_energy(), 4 * spread);
  const Vector m = x.rowwise().mean(), square = x.array().square().rowwise().mean();
  const auto error = [](const Vector& v) {
    return std::sqrt((v.array() - v.mean()).square().mean() / double(v.size()));
  };
  EXPECT_NEAR(m.mean(), law.mean(), 4 * error(m));
  EXPECT_NEAR(square.mean(), law.variance() + law.mean() * law.mean(), 4 * error(square) + 1e-4);
  // the same numbers, whatever part is asked for
  EXPECT_EQ(law.samples(7, 3, 77), x.middleRows(7, 3));
}

TEST(Ring, SlopeIsTheDifferenceQuotientOfU) {
  const RingEnergy energy({7, 1.1, 0.6, -0.3}, 1.7);
  Rows x = Rows::Random(3, 7), slope;
  Vector U;
  energy.evaluate(x, U, slope);
  constexpr double h = 1e-5;
  for (int a = 0; a < 7; ++a) {
    Rows up = x, down = x;
    up.col(a).array() += h;
    down.col(a).array() -= h;
    const Vector q = (energy.energy(up) - energy.energy(down)) / (2 * h);
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(slope(i, a), q[i], 1e-6);
  }
}

TEST(Ring, DivergenceOfPairEnergies) {
  const RingLaw law({12, 1, 1});
  const auto& nodes = law.nodes();
  const auto table = [&](const Ring& r) {
    Rows u(nodes.count, nodes.count);
    for (int i = 0; i < nodes.count; ++i) {
      for (int j = 0; j < nodes.count; ++j) u(i, j) = r.pair(nodes.at(i), nodes.at(j));
    }
    return u;
  };
  EXPECT_NEAR(law.divergence(table({12, 1, 1})), 0, 1e-9);
  // KL(q|p) = E_q (U' - U) + log Z' - log Z for another ring
  const Ring other{12, 1.2, 0.9};
  const double cross = 12 * law.pairs().cwiseProduct(table(other)).sum();
  EXPECT_NEAR(law.divergence(table(other)),
              cross - law.mean_energy() + RingLaw(other).log_z() - law.log_z(), 1e-8);
  EXPECT_GT(law.divergence(table(other)), 0.01);
}

}  // namespace
}  // namespace otto
