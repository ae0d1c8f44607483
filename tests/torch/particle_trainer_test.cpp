// Where every objective rests for a normal law in 16 dimensions, U = 1/2 (x - c)^T A (x - c) and the law
// of the data S, M the metric:
//
//   contrastive divergence, N2, proximal, natural   A = S^-1
//   N1                                              A = (S + 2 lambda M)^-1
//   contrastive divergence by ULA of length h       A (1 - h A/2) = S^-1 (M = 1), the law of its steps
//
// S is that of the very rows trained on, so that nothing but the particles is random.

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
    WideDesign design{.kind = "quadratic", .dimension = d};
    design.center = {law.mean().data(), law.mean().data() + d};
    const auto network = make_wide_network(design);
    o.batch = 4096;
    o.seed = 19;
    ParticleTrainer trainer(Comm(MPI_COMM_SELF), *network, white, law, rows, 0, o);
    for (std::int64_t k = 0; k < o.iterations; ++k) (void)trainer.iterate();
    const std::vector<double> theta = trainer.averaged();
    const Eigen::Map<const Rows> A(theta.data(), d, d);
    return 0.5 * (A + A.transpose());
  }
  /// Largest distance from 1 of an eigenvalue of B^(1/2) A B^(1/2): relative error of A against B^-1.
  static double error(const Eigen::MatrixXd& A, const Eigen::MatrixXd& B) {
    const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> e(A, B.inverse());
    return (e.eigenvalues().array() - 1).abs().maxCoeff();
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
  EXPECT_LT(error(A, S), 0.02);
}

TEST_F(Laws, ErrorFallsAsTheRootOfTheParticles) {
  ParticleTrainOptions few = adam("contrastive_divergence");
  few.particles = 512;
  ParticleTrainOptions many = few;
  many.particles = 2048;
  const double ratio = deviation(trained(many, law), S) / deviation(trained(few, law), S);
  EXPECT_NEAR(ratio, 0.5, 0.15);
}

TEST_F(Laws, GradientPenalty) {
  for (const double penalty : {0.05, 0.25}) {
    ParticleTrainOptions o = adam("gradient_penalty");
    o.penalty = penalty;
    const auto A = trained(o, unit());
    EXPECT_LT(error(A, S + 2 * penalty * Eigen::MatrixXd::Identity(d, d)), 0.02);
    EXPECT_GT(error(A, S), 0.08);  // it is not the law of the others
  }
}

TEST_F(Laws, Fisher) {
  ParticleTrainOptions o = adam("fisher");
  o.penalty = 0.1;
  EXPECT_LT(error(trained(o, law), S), 0.02);
}

TEST_F(Laws, Proximal) {
  ParticleTrainOptions o = adam("proximal");
  o.tau = 1;
  EXPECT_LT(error(trained(o, law), S), 0.02);
}

TEST_F(Laws, Natural) {
  ParticleTrainOptions o;
  o.objective = "wasserstein_natural";
  o.particles = 8192;
  o.steps = 2;
  o.iterations = 100;
  EXPECT_LT(error(trained(o, law), S), 0.02);
}

TEST_F(Laws, UnadjustedSteps) {
  ParticleTrainOptions o = adam("contrastive_divergence");
  o.kernel = "ula";
  o.step = 0.2;
  o.steps = 6;  // the slowest axis forgets x^2 as (1 - h/2)^2 in each
  const auto A = trained(o, unit());
  // C = (A (1 - h A/2))^-1 is the covariance of the chain under A
  const Eigen::MatrixXd rest = A * (Eigen::MatrixXd::Identity(d, d) - 0.1 * A);
  EXPECT_LT(error(rest, S), 0.02);
  EXPECT_GT(error(A, S), 0.2);
}

}  // namespace
}  // namespace otto
