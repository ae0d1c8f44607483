// Where every objective rests for a normal law in 16 dimensions, U = 1/2 (x - c)^T A (x - c) and the law
// of the data S, M the metric:
//
//   contrastive divergence, N2, proximal, natural   A = S^-1
//   N1                                              A = (S + 2 lambda M)^-1
//   contrastive divergence by ULA of length h       A (1 - h A/2) = S^-1 (M = 1), the law of its steps; nowhere
//                                                   where S has a variance below 2 h
//   N1 with lambda = h/4 by ULA of length h         A = S^-1 (M = 1)
//   denoising with the noise s                      A = (S + s^2)^-1
//   noise contrast against any g                    A = S^-1
//
// whatever else the sampler (persistent, tempered, weighted) and the exact kernel (mala, underdamped). S is that of the very rows trained on, so that nothing but the particles is random.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/network/network_module.h"
#include "otto/particles/trainer.h"

namespace otto {
namespace {

constexpr int d = 16;

/// 4096 rows, four for each draw and its mirror images, of a law with variances 0.5 to 2 on mixed axes.
Rows make_rows() {
  Rows A(d, d);
  for (int i = 0; i < d * d; ++i) A.data()[i] = RandomAt(3, 1, std::uint64_t(i)).normal()[0];
  const Eigen::MatrixXd Q = Eigen::HouseholderQR<Eigen::MatrixXd>(A).householderQ();
  Rows x(4096, d);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    normal_numbers(77, Purpose::noise, i, 0, {x.data() + i * d, d});
  }
  for (int a = 0; a < d; ++a) x.col(a) *= std::sqrt(0.5 * std::pow(4.0, double(a) / (d - 1)));
  return x * Q.transpose();
}

class Laws : public testing::Test {
 protected:
  Laws() : rows(make_rows()), law(Gaussian::fitted(rows, 0)) {
    S = law.factor() * law.factor().transpose();
  }

  /// A after training in the metric M, whose factor is that of `white`.
  Eigen::MatrixXd trained(ParticleTrainOptions o, const Gaussian& white) {
    const auto network = form(law.mean());
    o.batch = 4096;
    o.seed = 19;
    ParticleTrainer trainer(Comm(MPI_COMM_SELF), *network, white, law, rows, 0, o);
    return run(trainer, o.iterations);
  }
  /// U = 1/2 |x - c|^2 at the start.
  static std::unique_ptr<WideNetwork> form(const Vector& c) {
    WideDesign design;
    design.kind = "quadratic";
    design.dimension = d;
    design.center = {c.data(), c.data() + d};
    return make_wide_network(design);
  }
  static Eigen::MatrixXd symmetric(const std::vector<double>& theta) {
    const Eigen::Map<const Rows> A(theta.data(), d, d);
    return 0.5 * (A + A.transpose());
  }
  static Eigen::MatrixXd run(ParticleTrainer& trainer, std::int64_t iterations) {
    for (std::int64_t k = 0; k < iterations; ++k) (void)trainer.iterate();
    return symmetric(trainer.averaged());
  }
  /// Largest distance from 1 of an eigenvalue of B^(1/2) A B^(1/2): relative error of A against B^-1.
  static double error(const Eigen::MatrixXd& A, const Eigen::MatrixXd& B) {
    const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> e(A, B.inverse());
    return (e.eigenvalues().array() - 1).abs().maxCoeff();
  }
  /// A is B^-1 to 2 %. The largest error of a test is told (bench/particles laws).
  void expect_law(const Eigen::MatrixXd& A, const Eigen::MatrixXd& B) {
    const double e = error(A, B);
    EXPECT_LT(e, 0.02);
    largest_ = std::max(largest_, e);
    RecordProperty("error", fmt::format("{:.4f}", largest_));
  }
  /// Root of the mean square of all entries of B^(1/2) A B^(1/2) - 1.
  static double deviation(const Eigen::MatrixXd& A, const Eigen::MatrixXd& B) {
    const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> e(A, B.inverse());
    return (e.eigenvalues().array() - 1).matrix().norm() / d;
  }
  static Gaussian unit() { return {Vector::Zero(d), Rows(Rows::Identity(d, d))}; }

  Rows rows;
  Gaussian law;
  Eigen::MatrixXd S;

 private:
  double largest_ = 0;
};

ParticleTrainOptions adam(const std::string& objective) {
  ParticleTrainOptions o;
  o.objective = objective;
  o.particles = 8192;
  o.steps = 2;
  o.iterations = 200;
  o.learning_rate = 0.05;
  o.warm_up = 5;
  return o;
}

TEST_F(Laws, ContrastiveDivergence) {
  const auto A = trained(adam("contrastive_divergence"), law);
  expect_law(A, S);
}

TEST_F(Laws, ErrorFallsAsTheRootOfTheParticles) {
  ParticleTrainOptions few = adam("contrastive_divergence");
  few.particles = 512;
  ParticleTrainOptions many = few;
  many.particles = 2048;
  const double ratio = deviation(trained(many, law), S) / deviation(trained(few, law), S);
  EXPECT_NEAR(ratio, 0.5, 0.15);
  RecordProperty("ratio", fmt::format("{:.3f}", ratio));
}

TEST_F(Laws, GradientPenalty) {
  for (const double penalty : {0.05, 0.25}) {
    ParticleTrainOptions o = adam("gradient_penalty");
    o.penalty = penalty;
    const auto A = trained(o, unit());
    expect_law(A, S + 2 * penalty * Eigen::MatrixXd::Identity(d, d));
    EXPECT_GT(error(A, S), 0.08);  // it is not the law of the others
  }
}

TEST_F(Laws, Fisher) {
  ParticleTrainOptions o = adam("fisher");
  o.penalty = 0.1;
  expect_law(trained(o, law), S);
}

TEST_F(Laws, Proximal) {
  ParticleTrainOptions o = adam("proximal");
  o.tau = 1;
  expect_law(trained(o, law), S);
}

TEST_F(Laws, Natural) {
  ParticleTrainOptions o;
  o.objective = "wasserstein_natural";
  o.particles = 8192;
  o.steps = 2;
  o.iterations = 100;
  expect_law(trained(o, law), S);
}

TEST_F(Laws, UnadjustedSteps) {
  ParticleTrainOptions o = adam("contrastive_divergence");
  o.kernel = "ula";
  o.step = 0.2;
  o.steps = 6;  // the slowest axis forgets x^2 as (1 - h/2)^2 in each
  const auto A = trained(o, unit());
  // C = (A (1 - h A/2))^-1 is the covariance of the chain under A
  const Eigen::MatrixXd rest = A * (Eigen::MatrixXd::Identity(d, d) - 0.1 * A);
  expect_law(rest, S);
  EXPECT_GT(error(A, S), 0.2);
}

TEST_F(Laws, PenaltyOfAQuarterStepUndoesTheBias) {
  // the smallest variance is 0.5 < 2 h, which no law of ULA has; with the penalty it need not
  ParticleTrainOptions o = adam("gradient_penalty");
  o.kernel = "ula";
  o.step = 0.4;
  o.penalty = o.step / 4;
  expect_law(trained(o, unit()), S);
  o.particles = 128;
  o.iterations = 400;
  o.learning_rate = 0.1;
  for (const char* without : {"contrastive_divergence", "proximal"}) {
    o.objective = without;
    EXPECT_THROW((void)trained(o, unit()), NumericalError) << without;
  }
  o.objective = "proximal";
  o.proximal_penalty = o.step / 3;
  EXPECT_NO_THROW((void)trained(o, unit()));
}

TEST_F(Laws, UnderdampedParticles) {
  ParticleTrainOptions o = adam("contrastive_divergence");
  o.kernel = "underdamped";
  o.acceptance = 0.9;
  expect_law(trained(o, law), S);
}

TEST_F(Laws, TemperedParticles) {
  ParticleTrainOptions o = adam("contrastive_divergence");
  o.sampler = "tempered";
  o.replicas = 3;
  o.iterations = 120;
  expect_law(trained(o, law), S);
}

TEST_F(Laws, WeightedParticles) {
  ParticleTrainOptions o = adam("contrastive_divergence");
  o.sampler = "weighted";
  o.iterations = 400;  // shares make as many particles worth fewer
  expect_law(trained(o, law), S);
}

TEST_F(Laws, WeightedParticlesFollowLogZ) {
  // log Z of 1/2 x^T A x is d/2 log 2 pi - 1/2 log det A; particles that hardly move must know it
  // while A goes from (1.3 S)^-1 to S^-1
  WideDesign design;
  design.kind = "quadratic";
  design.dimension = d;
  design.center = {law.mean().data(), law.mean().data() + d};
  const Gaussian wide(law.mean(), Rows(1.3 * S));
  const Rows A0 = (1.3 * S).inverse();
  design.matrix = {A0.data(), A0.data() + d * d};
  const auto network = make_wide_network(design), other = make_wide_network(design);
  ParticleTrainOptions o = adam("contrastive_divergence");
  o.sampler = "weighted";
  o.steps = 1;
  o.step = 1e-3;
  o.learning_rate = 0.004;
  o.batch = 4096;
  ParticleTrainer trainer(Comm(MPI_COMM_SELF), *network, law, wide, rows, 0, o);
  double smallest = 1;
  for (int k = 0; k < 40; ++k) {
    const Eigen::MatrixXd A = symmetric(trainer.theta());
    const ParticleReport r = trainer.iterate();
    const Eigen::LLT<Eigen::MatrixXd> L(A);
    const double log_det = 2 * L.matrixL().toDenseMatrix().diagonal().array().log().sum();
    ASSERT_NEAR(r.log_z, 0.5 * d * std::log(2 * M_PI) - 0.5 * log_det, 0.1) << k;
    smallest = std::min(smallest, r.effective);
  }
  EXPECT_LT(smallest, 0.95);  // shares differ
  ParticleTrainOptions wild = o;
  wild.learning_rate = 0.5;  // one move of theta leaves few particles of any worth: not followed
  ParticleTrainer hasty(Comm(MPI_COMM_SELF), *other, law, wide, rows, 0, wild);
  double last = 0;
  for (int k = 0; k < 10; ++k) last = hasty.iterate().log_z;
  EXPECT_TRUE(std::isnan(last));
}

TEST_F(Laws, Denoising) {
  const double noise = 0.5;
  const auto network = form(law.mean());
  ParticleTrainOptions o = adam("denoising");
  o.batch = 8192;
  ParticleTrainer trainer(Comm(MPI_COMM_SELF), *network, law, law, rows, noise, o);
  const auto A = run(trainer, o.iterations);
  expect_law(A, S + noise * noise * Eigen::MatrixXd::Identity(d, d));
  EXPECT_GT(error(A, S), 0.08);
}

TEST_F(Laws, NoiseContrast) {
  // q = N(0, s^2) by noise alone, told from a g of other variances on mixed axes
  const double s = 1.2;
  const Rows nothing = Rows::Zero(2, d);
  const Gaussian g(Vector::Zero(d), Rows(0.5 * S + 0.72 * Eigen::MatrixXd::Identity(d, d)));
  const auto network = form(Vector::Zero(d));
  ParticleTrainOptions o = adam("noise_contrastive");
  o.iterations = 500;  // noise contrast has more variance than the likelihood
  o.batch = 8192;
  ParticleTrainer trainer(Comm(MPI_COMM_SELF), *network, unit(), g, nothing, s, o);
  const auto A = run(trainer, o.iterations);
  expect_law(A, s * s * Eigen::MatrixXd::Identity(d, d));
}

}  // namespace
}  // namespace otto
