// The preconditioner of a fit's products against dense matrices, where drift crosses many cells between snapshots and sweeps mass into
// layers at the walls.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <utility>

#include "otto/infer/objective.h"
#include "otto/infer/potential_pencil.h"
#include "otto/infer/start.h"
#include "otto/mesh/box.h"

namespace otto {
namespace {

using Matrix = Eigen::MatrixXd;

constexpr double interval = 0.01, kT = 0.2;
constexpr int intervals = 4;

Box square(std::int64_t cells) {
  Box b;
  b.dimension = 2;
  for (std::size_t a = 0; a < 2; ++a) b.nodes[a] = graded_nodes(-4, 4, cells, 1);
  return b;
}

struct Swept {
  /// Densities of the flow of V = bend |x|^2, kT, from an even one.
  Swept(std::int64_t cells, double bend, const char* flux)
      : mesh(make_box_mesh(Comm(), square(cells))),
        energy(kT, {}),
        generator(mesh, energy, find_flux(flux)) {
    for (int k = 0; k <= intervals; ++k) {
      Snapshot even;
      even.time = interval * k;
      even.density.assign(std::size_t(mesh.owned), 1.0 / 64);
      data.seen.push_back(std::move(even));
    }
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k)
      V.push_back(bend * (std::pow(mesh.center[k][0], 2) + std::pow(mesh.center[k][1], 2)));
    FitSettings follow = settings;
    follow.each = false;
    Objective flow(generator, data, follow, std::vector<int>(intervals, 4));
    (void)flow.value(V);
    for (std::size_t l = 0; l < intervals; ++l) data.seen[l + 1].density = flow.densities()[l];
  }
  /// Largest over smallest eigenvalue of P^-1 H off the constants.
  [[nodiscard]] double condition() {
    Objective objective(generator, data, settings, std::vector<int>(intervals, 4));
    objective.alpha = 1e-7;
    std::vector<double> R = data_integral(data);
    for (double& r : R) r /= data.duration();
    (void)objective.value(V);
    objective.refresh();
    (void)objective.value(V);
    PotentialPencil pencil(objective, R, {.background = objective.background()});
    pencil.set(objective, interval);
    const auto n = Eigen::Index(objective.size());
    Matrix H(n, n), P(n, n);
    Objective::Vector e(objective.size(), 0.0), out(objective.size());
    for (Eigen::Index i = 0; i < n; ++i) {
      e[std::size_t(i)] = 1;
      objective.product(e, out);
      H.col(i) = Eigen::Map<Eigen::VectorXd>(out.data(), n);
      pencil.apply(e, out);
      P.col(i) = Eigen::Map<Eigen::VectorXd>(out.data(), n);
      e[std::size_t(i)] = 0;
    }
    EXPECT_LT((P - P.transpose()).norm(), 1e-5 * P.norm());
    const Eigen::SelfAdjointEigenSolver<Matrix> of_H(0.5 * (H + H.transpose()));
    const Matrix root = of_H.eigenvectors() *
                        of_H.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() *
                        of_H.eigenvectors().transpose();
    const Eigen::VectorXd all =
        Eigen::SelfAdjointEigenSolver<Matrix>(root * P * root).eigenvalues();
    return all[n - 1] / all[1];
  }

  Mesh mesh;
  Snapshots data;
  FreeEnergy energy;
  Generator generator;
  FitSettings settings;
  std::vector<double> V;
};

TEST(Pencil, IsNearProductsWhereMassIsSweptToTheWalls) {
  EXPECT_LT(Swept(16, -10, "limited").condition(), 6);
  EXPECT_LT(Swept(16, -10, "scharfetter_gummel").condition(), 6);
}

TEST(Pencil, IsAsNearOnAFinerGrid) { EXPECT_LT(Swept(24, -10, "limited").condition(), 6); }

TEST(Pencil, IsNearProductsOfAMildFlow) { EXPECT_LT(Swept(16, 0.5, "limited").condition(), 4); }

}  // namespace
}  // namespace otto
