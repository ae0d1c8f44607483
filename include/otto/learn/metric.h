#pragma once
// The metric in which parameters move, on one mesh. With dU = J s, p the masses of the model there,
// and C = Cov_p,
//
//   (H s) = J^T (p (dU - E_p dU)),                      H = C(dU, dU)    Fisher / Gauss-Newton
//   (G s) = J^T (p (psi - E_p psi)),  -div(p grad psi) = p (dU - E_p dU)     W2 information matrix
//
// so that W2^2(p_(theta + s), p_theta) = s^T G s and 2 KL = s^T H s to leading order. One product
// is one product with J, one weighted Poisson solve, one with J^T. Cells without mass are left
// out: they would add less than rounding.

#include <memory>
#include <span>
#include <vector>

#include "otto/learn/grid_flow.h"
#include "otto/learn/grid_model.h"
#include "otto/learn/kronecker.h"

namespace otto {

/// J^T c over all cells of all ranks, c being 0 where both p and q are next to nothing. Collective.
std::vector<double> pull_back(const GridModel& model, const Network& network,
                              std::span<const double> c, std::span<const double> weight);

class Metric {
 public:
  /// Keeps references. `solver`: of the Poisson equation, but for its tolerance. Collective.
  Metric(const Mesh& mesh, const Network& network, SolverOptions solver = {});

  /// At the theta of the moment. Collective.
  void update();
  /// Coordinates in which the matrix of apply() is better conditioned. Collective.
  [[nodiscard]] Kronecker coordinates(double tau, double ridge) const;
  /// out = (G / tau + H + ridge / tau) s. An infinite tau leaves H alone. Collective.
  void apply(std::span<const double> s, double tau, double ridge, std::span<double> out);
  [[nodiscard]] long poisson_iterations() const { return poisson_iterations_; }
  [[nodiscard]] long poisson_solves() const { return poisson_solves_; }
  [[nodiscard]] const Mesh& mesh() const { return model_.mesh(); }

 private:
  const Network& network_;
  GridModel model_;
  GridFlow flow_;
  std::unique_ptr<CellJacobian> J_;  ///< of the cells with mass
  std::vector<double> p_;            ///< of these
  double p_sum_ = 1;
  long poisson_iterations_ = 0, poisson_solves_ = 0;
};

}  // namespace otto
