// Walks, exchange and annealing against laws known in closed form, and the same bits on any number of
// ranks: what MPI_COMM_WORLD gives is compared with what one rank gives alone.

#include "otto/particles/walk.h"

#include <gtest/gtest.h>

#include <cmath>

#include "otto/core/random.h"
#include "otto/particles/annealing.h"
#include "otto/particles/exchange.h"
#include "otto/particles/ring.h"

namespace otto {
namespace {

Gaussian normal(std::vector<double> variances, double mean = 0) {
  const auto d = Eigen::Index(variances.size());
  Rows C = Rows::Zero(d, d);
  for (Eigen::Index a = 0; a < d; ++a) C(a, a) = variances[std::size_t(a)];
  return {Vector::Constant(d, mean), C};
}

/// A normal law with all its axes mixed.
Gaussian mixed(int d, double spread, std::uint64_t seed) {
  Rows A(d, d);
  for (int i = 0; i < d * d; ++i) {
    A.data()[i] = RandomAt(seed, 9, std::uint64_t(i)).normal()[0] * spread / std::sqrt(d);
  }
  Rows C = A * A.transpose();
  C.diagonal().array() += 0.5;
  return {Vector::Constant(d, 0.3), C};
}

TEST(TreeSum, HasTheBitsOfOneRank) {
  const Comm world, alone(MPI_COMM_SELF);
  for (const std::int64_t count : {1, 64, 65, 200, 1000, 4097}) {
    const auto of = [&](const Comm& comm) {
      const Blocks blocks(comm, count);
      return tree_sum(comm, blocks, 3, [&](std::int64_t block, std::span<double> sum) {
        for (std::int64_t i = 0; i < blocks.length(block); ++i) {
          const auto u = RandomAt(5, 1, std::uint64_t(blocks.begin(block) + i)).normal();
          sum[0] += u[0];
          sum[1] += u[1] * 1e8;
          sum[2] += 1;
        }
      });
    };
    const auto a = of(world), b = of(alone);
    EXPECT_EQ(a, b);
    EXPECT_EQ(a[2], double(count));
  }
}

/// Mean square of whitened coordinates after many steps.
double mean_square(const std::string& kernel, double h, const Gaussian& target,
                   const Gaussian& white, Eigen::Index n, int steps) {
  const GaussianEnergy energy(target);
  const Walk walk(energy, white, &white, {kernel, 11, Purpose::training});
  double sum = 0;
  for (Eigen::Index first = 0; first < n; first += 64) {
    Particles p = walk.draw(first, 64, 0);
    for (int k = 1; k <= steps; ++k) {
      (void)walk.step(p, Vector::Ones(64), Vector::Constant(64, h), std::uint64_t(k));
    }
    sum += p.z.squaredNorm();
  }
  return sum / double(n * white.dimension());
}

TEST(Walk, UnadjustedStepsRestAtTheirOwnLaw) {
  // U = z^2/2s in each axis: z1 = (1 - h/s) z + sqrt(2h) xi rests at variance s / (1 - h/2s)
  const double s = 0.5, h = 0.2;
  const double got = mean_square("ula", h, normal({s, s, s, s}), normal({1, 1, 1, 1}), 8192, 60);
  EXPECT_NEAR(got, s / (1 - h / (2 * s)), 0.02 * s);
  EXPECT_GT(got, 1.15 * s);
}

TEST(Walk, TestedStepsKeepTheTargetWhateverTheirLength) {
  const double s = 0.5;
  const double got = mean_square("mala", 0.2, normal({s, s, s, s}), normal({1, 1, 1, 1}), 8192, 60);
  EXPECT_NEAR(got, s, 0.02 * s);
}

TEST(Walk, UnderdampedStepsKeepTheTargetWhateverTheirLength) {
  // the leapfrog step alone would rest at s / (1 - h^2/4s): .735 for .5
  const double s = 0.5;
  const double got =
      mean_square("underdamped", 0.8, normal({s, s, s, s}), normal({1, 1, 1, 1}), 8192, 60);
  EXPECT_NEAR(got, s, 0.02 * s);
}

TEST(Walk, VelocitiesForgetAsTheirFrictionSays) {
  // friction 2 damps U = z^2/2 critically: E z_0 z_t = (1 + t) e^-t, where diffusion has e^-t
  const Gaussian g = normal({1, 1, 1, 1});
  const GaussianEnergy energy(g);
  const Walk walk(energy, g, nullptr, {"underdamped", 5, Purpose::training});
  const double h = 0.05, t = 1;
  double product = 0;
  const Eigen::Index n = 8192;
  for (Eigen::Index first = 0; first < n; first += 64) {
    Rows z(64, 4);
    for (Eigen::Index i = 0; i < 64; ++i) {
      normal_numbers(6, Purpose::noise, first + i, 0, {z.data() + i * 4, 4});
    }
    Particles p = walk.place(first, z);
    for (int k = 1; k <= int(std::lround(t / h)); ++k) {
      (void)walk.step(p, Vector::Ones(64), Vector::Constant(64, h), std::uint64_t(k));
    }
    product += p.z.cwiseProduct(z).sum();
  }
  EXPECT_NEAR(product / double(4 * n), (1 + t) * std::exp(-t), 0.02);
}

TEST(Walk, ParticlesDoNotDependOnTheirBlock) {
  const Gaussian white = mixed(5, 1, 3);
  const RingEnergy energy({5, 1, 1});
  const Walk walk(energy, white, &white, {"mala", 4, Purpose::training});
  Particles whole = walk.draw(0, 40, 0), part = walk.draw(24, 8, 0);
  for (std::uint64_t k = 1; k < 20; ++k) {
    (void)walk.step(whole, Vector::Ones(40), Vector::Constant(40, 0.1), k);
    (void)walk.step(part, Vector::Ones(8), Vector::Constant(8, 0.1), k);
  }
  EXPECT_LT((whole.z.middleRows(24, 8) - part.z).norm(), 1e-9);
}

TEST(Bennett, NormalWorkHasAKnownRatio) {
  // F normal with mean z - s^2/2 and variance s^2 has E e^F = e^z; R is then normal about z + s^2/2
  const double z = -3.3, s = 1.4;
  std::vector<double> F, R;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const auto u = RandomAt(8, 2, i).normal();
    F.push_back(z - s * s / 2 + s * u[0]);
    if (i % 2 == 0) R.push_back(z + s * s / 2 + s * u[1]);
  }
  const TwoSided found = two_sided(F, R);
  EXPECT_NEAR(found.bennett, z, 0.05);
  EXPECT_NEAR(found.forward, z, 0.15);
  EXPECT_NEAR(found.reverse, z, 0.15);
  Slope slope = crooks_slope(F, R);
  EXPECT_LT(slope.error, 0.03);
  EXPECT_NEAR(slope.value, 1, 3 * slope.error);
  for (double& x : R) x += 1;  // not the reverse of F any more
  slope = crooks_slope(F, R);
  EXPECT_GT(std::abs(slope.value - 1), 5 * slope.error);
}

void expect_same(const ExchangeResult& a, const ExchangeResult& b) {
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.mean_f, b.mean_f);
  EXPECT_EQ(a.all.bennett, b.all.bennett);
  EXPECT_EQ(a.swaps, b.swaps);
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.descendants, b.descendants);
}

TEST(Exchange, HasTheBitsOfOneRank) {
  const Gaussian g = mixed(6, 1, 5);
  const RingEnergy energy({6, 1, 1});
  const ExchangeOptions o{.replicas = 5, .ladders = 21, .burn_in = 10, .steps = 10, .thin = 5};
  expect_same(replica_exchange(Comm(), energy, g, o),
              replica_exchange(Comm(MPI_COMM_SELF), energy, g, o));
}

TEST(Annealing, HasTheBitsOfOneRank) {
  const Gaussian g = mixed(6, 1, 5);
  const RingEnergy energy({6, 1, 1});
  const Comm world, alone(MPI_COMM_SELF);
  const AnnealingOptions o{.temperatures = 20, .particles = 150};
  const Annealing a(world, energy, g, o), b(alone, energy, g, o);
  const auto fa = a.forward(), fb = b.forward();
  EXPECT_EQ(fa.log_weights, fb.log_weights);
  EXPECT_EQ(fa.ends, fb.ends);
  const Rows starts = resampled(fa.ends, fa.log_weights, 150, 3);
  EXPECT_EQ(a.reverse(starts, Purpose::reverse_ends), b.reverse(starts, Purpose::reverse_ends));
  EXPECT_EQ(a.settle(starts, 5, Purpose::reverse_data), b.settle(starts, 5, Purpose::reverse_data));
}

// What follows takes a second or so; its bits do not depend on the ranks (above).

TEST(LogZ, NormalEnergyOfKnownNormaliser) {
  const Comm comm;
  const int d = 64;
  const Gaussian g = mixed(d, 0.9, 21), target = mixed(d, 0.7, 22);
  const GaussianEnergy energy(target, 5.25);  // log Z = -5.25
  const Annealing annealing(comm, energy, g, {.temperatures = 300, .particles = 256});
  const auto forward = annealing.forward();
  Rows exact(256, d);
  for (Eigen::Index i = 0; i < 256; ++i) {
    normal_numbers(31, Purpose::noise, i, 0, {exact.data() + i * d, std::size_t(d)});
  }
  const auto R = annealing.reverse(target.points(exact), Purpose::reverse_data);
  const TwoSided z = two_sided(forward.log_weights, R);
  EXPECT_NEAR(z.bennett, -5.25, 0.06);
  EXPECT_NEAR(z.forward, -5.25, 0.2);
  EXPECT_NEAR(z.reverse, -5.25, 0.2);
  const ExchangeResult exchange = replica_exchange(
      comm, energy, g, {.replicas = 12, .ladders = 24, .burn_in = 100, .steps = 200});
  EXPECT_NEAR(exchange.all.bennett, -5.25, 0.1);
  EXPECT_NEAR(exchange.all.forward, exchange.all.reverse, 0.2);
  // samples at b = 1 have the target's covariance
  const Rows z1 = target.whiten(exchange.samples);
  EXPECT_NEAR(z1.squaredNorm() / double(z1.size()), 1, 0.05);
}

/// The reference of a ring in whitened coordinates: its exact samples' mean and covariance.
TEST(LogZ, RingAndItsDouble) {
  const Comm comm;
  for (const double factor : {1.0, 2.0}) {
    const Ring ring{32, 0.6, 0.7, 0.05};
    const RingLaw law({32, 0.6 * factor, 0.7 * factor, 0.05 * factor});
    const RingEnergy energy(ring, factor);
    const Rows exact = law.samples(0, 2000, 5);
    const Gaussian g = Gaussian::fitted(exact, 0);
    const Annealing annealing(comm, energy, g, {.temperatures = 400, .particles = 256});
    const auto F = annealing.forward().log_weights;
    const auto R = annealing.reverse(exact.topRows(256), Purpose::reverse_data);
    const TwoSided z = two_sided(F, R);
    EXPECT_NEAR(z.bennett, law.log_z(), 0.12);
    EXPECT_NEAR(z.forward, law.log_z(), 0.3);
    EXPECT_NEAR(z.reverse, law.log_z(), 0.3);
    const Slope slope = crooks_slope(F, R);
    EXPECT_NEAR(slope.value, 1, 3.5 * slope.error);
    const ExchangeResult exchange = replica_exchange(
        comm, energy, g, {.replicas = 10, .ladders = 32, .burn_in = 150, .steps = 300, .thin = 50});
    EXPECT_NEAR(exchange.all.bennett, law.log_z(), 0.15);
    const Vector U = energy.energy(exchange.samples);
    EXPECT_NEAR(U.mean(), law.mean_energy(),
                4 * std::sqrt((U.array() - U.mean()).square().mean() / 100));
    EXPECT_GT(exchange.descendants, 0.5);
  }
}

TEST(Exchange, AtZeroTheLawIsTheReference) {
  const Gaussian g = mixed(8, 1, 41);
  const GaussianEnergy energy(g);  // f = 0: every b has the law g, and every swap is taken
  const ExchangeResult r = replica_exchange(
      Comm(), energy, g, {.replicas = 3, .ladders = 64, .burn_in = 40, .steps = 60, .thin = 6});
  EXPECT_NEAR(r.all.bennett, 0, 1e-9);
  for (const double s : r.swaps) EXPECT_NEAR(s, 1, 1e-9);
  const Rows z = g.whiten(r.samples);
  EXPECT_NEAR(z.squaredNorm() / double(z.size()), 1, 0.08);
  EXPECT_LT(z.colwise().mean().norm(), 0.4);
}

}  // namespace
}  // namespace otto
