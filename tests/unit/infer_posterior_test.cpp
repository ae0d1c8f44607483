// The fit's prior and posterior against dense matrices: R, gamma, the preconditioned solve, and the
// deviations of perturbed solves.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <utility>

#include "otto/core/random.h"
#include "otto/infer/continuation.h"
#include "otto/infer/likelihood.h"
#include "otto/infer/posterior.h"
#include "otto/infer/start.h"
#include "otto/infer/thin_plate.h"
#include "otto/mesh/box.h"

namespace otto {
namespace {

using Matrix = Eigen::MatrixXd;

Box line(std::int64_t cells) {
  Box b;
  b.dimension = 1;
  b.nodes[0] = graded_nodes(-3, 3, cells, 1);
  return b;
}

/// Three snapshots of a thousand counts each of dX = -X dt + dW, kT = 1/2, without noise: the mean moves, and the width grows.
Snapshots moving(const Mesh& mesh) {
  Snapshots data;
  for (int k = 0; k < 3; ++k) {
    Snapshot s;
    s.time = 0.3 * k;
    s.samples = 1000;
    const double mean = 0.6 * std::exp(-s.time), variance = 0.5 - 0.3 * std::exp(-2 * s.time);
    double sum = 0;
    for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
      s.density.push_back(std::exp(-std::pow(mesh.center[i][0] - mean, 2) / (2 * variance)));
      sum += mesh.volume[i] * s.density.back();
    }
    for (double& rho : s.density) rho /= sum;
    data.seen.push_back(s);
  }
  return data;
}

FitSettings settings(bool temperature, bool interaction) {
  FitSettings o;
  o.temperature = temperature;
  o.interaction = interaction;
  o.range = 2;
  o.knots = 5;
  o.each = false;
  return o;
}

bool never() { return false; }

struct Small {
  explicit Small(bool temperature, bool interaction = false)
      : mesh(make_box_mesh(Comm(), line(30))),
        data(moving(mesh)),
        energy(0.5, {}),
        generator(mesh, energy, find_flux("scharfetter_gummel")),
        options(settings(temperature, interaction)),
        objective(generator, data, options, {4, 4}),
        newton(objective, mean(), 0.3,
               Objective::Vector(objective.size(), temperature ? -0.7 : 0.0)) {
    newton.set_prior(0.2, interaction ? 0.2 : 0);
    newton.evaluate(0);
    while (!newton.converged(1e-10)) (void)newton.step();
  }
  [[nodiscard]] std::vector<double> mean() const {
    std::vector<double> R = data_integral(data);
    for (double& r : R) r /= 0.6;
    return R;
  }
  [[nodiscard]] Matrix dense(bool with_prior) {
    const auto n = Eigen::Index(objective.size());
    Matrix H(n, n);
    Objective::Vector e(objective.size(), 0.0), column(objective.size());
    for (Eigen::Index i = 0; i < n; ++i) {
      e[std::size_t(i)] = 1;
      objective.product(e, column, with_prior);
      H.col(i) = Eigen::Map<Eigen::VectorXd>(column.data(), n);
      e[std::size_t(i)] = 0;
    }
    return H;
  }

  Mesh mesh;
  Snapshots data;
  FreeEnergy energy;
  Generator generator;
  FitSettings options;
  Objective objective;
  GaussNewton newton;
};

/// On vectors whose cells add up to nothing, where H is regular.
Matrix pseudo_inverse(const Matrix& H) {
  return H.completeOrthogonalDecomposition().pseudoInverse();
}

TEST(Infer, ProductsAreSymmetricAndPositive) {
  Small small(true);
  const Matrix H = small.dense(true);
  EXPECT_LT((H - H.transpose()).norm(), 1e-9 * H.norm());
  EXPECT_GT(Eigen::SelfAdjointEigenSolver<Matrix>(H).eigenvalues().minCoeff(), -1e-9 * H.norm());
}

TEST(Infer, TheGradientVanishesAtTheSolutionAndAgreesWithDifferences) {
  Small small(true);
  Objective& J = small.objective;
  Objective::Vector x = small.newton.x(), g(x.size()), p(x.size());
  for (std::size_t i = 0; i < p.size(); ++i) p[i] = std::sin(1.0 + double(i));
  const auto value = [&](double h) {
    Objective::Vector at = x;
    for (std::size_t i = 0; i < at.size(); ++i) at[i] += h * p[i];
    return J.value(at);
  };
  const double h = 1e-3;
  const double differences =
      (8 * (value(0.1 + h) - value(0.1 - h)) - (value(0.1 + 2 * h) - value(0.1 - 2 * h))) /
      (12 * h);
  (void)value(0.1);
  J.gradient(g);
  EXPECT_NEAR(J.dot(g, p), differences, 1e-8 * std::abs(differences));
  (void)value(0);
  J.gradient(g);
  EXPECT_LT(std::abs(J.dot(g, p)), 1e-4 * std::abs(differences));
}

/// The traces of the diagonal blocks of H^-1 H_data: V, w, log kT.
std::array<double, 3> dense_gammas(Small& small) {
  const Matrix G = pseudo_inverse(small.dense(true)) * small.dense(false);
  const Unknowns& u = small.objective.unknowns();
  const auto V = Eigen::Index(u.block()), w = Eigen::Index(u.pairs);
  const auto diagonal = G.diagonal();
  return {diagonal.head(V).sum(), diagonal.segment(V, w).sum(),
          u.temperature ? diagonal.tail(1).sum() : 0};
}

/// 8 draws each: the mean is right to what so many leave, and none is farther off than a sum of squares may be.
void expect_gammas(Small& small, double mean_error, double largest_error) {
  const auto [V, w, log_kT] = dense_gammas(small);
  constexpr int seeds = 40;
  double mean_V = 0, mean_w = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const Gammas gamma =
        effective_parameters(small.objective, small.newton, 10 * seed, never).value();
    EXPECT_NEAR(gamma.V, V, largest_error * V);
    EXPECT_NEAR(gamma.log_kT, log_kT, 1e-6);
    mean_V += gamma.V / seeds;
    mean_w += gamma.w / seeds;
  }
  EXPECT_NEAR(mean_V, V, mean_error * V);
  EXPECT_NEAR(mean_w, w, mean_error * w);
}

TEST(Infer, EffectiveParametersAreTheTrace) {
  Small small(false);
  expect_gammas(small, 0.06, 0.5);
}

TEST(Infer, EffectiveParametersOfVAndTheTemperature) {
  Small small(true);
  expect_gammas(small, 0.06, 0.5);
}

/// Next to no prior: all of them, less the constant, whatever is drawn.
TEST(Infer, EffectiveParametersAreNoMoreThanTheUnknowns) {
  Small small(false);
  small.newton.set_prior(1e-8, 0);
  expect_gammas(small, 0.01, 0.02);
}

TEST(Infer, EffectiveParametersOfVAndW) {
  Small small(false, true);
  expect_gammas(small, 0.06, 0.5);
}

/// V and W make up for each other nearly: what the first solves learn of that, later ones begin with.
TEST(Infer, SolvesBeginWithWhatEarlierOnesHaveFound) {
  Small small(true, true);
  const double rtol = 1e-6;
  constexpr int max_cg = 300;
  ConjugateSpace known, full(3);
  std::array<int, 2> alone{0, 0},
      together{0, 0};  // iterations of the first eight solves, and of the next eight
  Objective::Vector b(small.objective.size(), 0.0);
  for (std::size_t j = 0; j < 16; ++j) {
    small.objective.data_perturbation(4, j, b);
    small.objective.add_prior_perturbation(4, j, b);
    const CgResult one = small.newton.solve(b, rtol, max_cg),
                   other = small.newton.solve(b, rtol, max_cg, &known),
                   short_of_room = small.newton.solve(b, rtol, max_cg, &full);
    alone[j / 8] += one.iterations;
    together[j / 8] += other.iterations;
    // in the norm of H, whose square the residual gives
    const double size = small.objective.dot(b, one.x);
    for (const CgResult* found : {&other, &short_of_room}) {
      Objective::Vector error = found->x, He(error.size());
      for (std::size_t i = 0; i < error.size(); ++i) error[i] -= one.x[i];
      small.objective.product(error, He);
      EXPECT_LT(small.objective.dot(error, He), 1e2 * rtol * rtol * size);
    }
  }
  EXPECT_EQ(full.size(), 3);
  EXPECT_LT(together[0], alone[0]);
  EXPECT_LT(3 * together[1], alone[1]);
  EXPECT_EQ(small.newton.solve(b, rtol, max_cg, &known).iterations, 0);
}

TEST(Infer, PerturbedSolvesHaveThePosteriorsDeviations) {
  Small small(true);
  const Matrix C = pseudo_inverse(small.dense(true));
  const std::vector<double> R = small.objective.time_integral();
  const auto found = deviations(small.objective, small.newton, R, 1, 5, 256, [] { return false; });
  ASSERT_TRUE(found.has_value());
  EXPECT_NEAR(found->log_kT / std::sqrt(C(30, 30)), 1, 0.15);
  double ratio = 0;
  for (std::size_t k = 1; k + 1 < 30; ++k) {
    Eigen::VectorXd slope = Eigen::VectorXd::Zero(31);  // of V at cell k
    slope(Eigen::Index(k) + 1) = 0.5 / 0.2;
    slope(Eigen::Index(k) - 1) = -0.5 / 0.2;
    ratio += found->gradient[k] / std::sqrt(slope.dot(C * slope)) / 28;
  }
  EXPECT_NEAR(ratio, 1, 0.05);
}

TEST(Infer, ThePriorIsTheBendingEnergy) {
  Box box;
  box.dimension = 2;
  box.nodes[0] = graded_nodes(0, 1, 12, 1.3);
  box.nodes[1] = graded_nodes(0, 2, 9, 1);
  const Mesh mesh = make_box_mesh(Comm(), box);
  const ThinPlate prior(mesh);
  std::vector<double> linear, square, out(std::size_t(mesh.owned));
  for (std::size_t k = 0; k < out.size(); ++k) {
    const auto [x, y, z] = mesh.center[k];
    linear.push_back(3 + 2 * x - y);
    square.push_back(x * y);
  }
  EXPECT_LT(prior.energy(linear), 1e-18);
  // 2 (d_xy V)^2 over the cells that have both neighbours above
  EXPECT_NEAR(prior.energy(square), 4, 4 * (1 - 11.0 / 12 * 8 / 9) + 0.1);
  prior.apply(square, out);
  double product = 0;
  for (std::size_t k = 0; k < out.size(); ++k) product += out[k] * square[k];
  EXPECT_NEAR(product, prior.energy(square), 1e-12);
}

TEST(Infer, TheMisfitIsSmoothWhereItIsContinued) {
  const LikelihoodOptions law{.volume = 2};
  const Misfit below = misfit(-1e-12, 0.4, law), above = misfit(1e-12, 0.4, law);
  EXPECT_NEAR(below.value, above.value, 1e-6);
  EXPECT_NEAR(below.slope, above.slope, 1e-3 * std::abs(above.slope));
  EXPECT_EQ(misfit(0.4, 0.4, law).value, 0);
  const double h = 1e-5;
  EXPECT_NEAR(misfit(0.3, 0.4, law).slope,
              (misfit(0.3 + h, 0.4, law).value - misfit(0.3 - h, 0.4, law).value) / (2 * h), 1e-8);
}

/// Newton's method with the weight in place of phi'': where the model has less than the data, and where it undershoots 0, it stays on
/// its side of the minimum; where it has more, one step is there.
TEST(Infer, TheWeightOfDensitiesDoesNotOvershoot) {
  const LikelihoodOptions law{.volume = 2};
  const double floor = law.background / law.volume;
  for (const double d : {0.0, 0.1 * floor, 10 * floor, 0.4}) {
    for (const double rho : {-30 * floor, -floor, 0.1 * d, 0.5 * d}) {
      const Misfit m = misfit(rho, d, law);
      EXPECT_LE(rho - m.slope / m.weight, d + 1e-12) << rho << " " << d;
    }
    const Misfit m = misfit(3 * d + floor, d, law);
    EXPECT_NEAR(3 * d + floor - m.slope / m.weight, d, 1e-12);
  }
}

/// Rounds of the evidence, each given up after `solves` solves (0: none is) and begun anew: the solution, and what was counted.
std::pair<Objective::Vector, GaussNewton::Work> by_evidence(int solves) {
  Small small(false, true);
  Continuation continuation(small.objective, small.newton, small.options, true, true, {0.2, 0.2});
  while (!continuation.done()) {
    (void)continuation.next();
    int asked = 0;
    const bool advanced = continuation.advance([&] { return solves > 0 && ++asked > solves; });
    if (!advanced) {
      EXPECT_TRUE(continuation.advance(never));
    }
  }
  EXPECT_GT(continuation.last_evidence().gamma, 0);
  return {small.newton.x(), small.newton.work()};
}

TEST(Infer, EvidenceGivenUpForAStopIsDoneAgain) {
  const auto [x, work] = by_evidence(0);
  for (const int solves : {1, 11}) {
    const auto [again, counted] = by_evidence(solves);
    EXPECT_EQ(again, x);
    EXPECT_EQ(counted.cg, work.cg);
    EXPECT_EQ(counted.solves, work.solves);
  }
}

}  // namespace
}  // namespace otto
