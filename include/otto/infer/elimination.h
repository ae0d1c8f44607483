#pragma once
// H^-1 where a few unknowns s = (w, log kT) stand beside V. With the blocks of H, A of V, B between V and s, D of s,
//
//   H^-1 = (A^-1 0; 0 0) + Z E^-1 Z^T,   Z = (-Y; 1),   Y = A^-1 B,   E = Z^T H Z,
//
// and with an approximate A^-1 and Y, E taken for that Y, this is a preconditioner, positive whatever they are. V and W, or V and
// kT, make up for each other nearly, which the diagonal blocks alone know nothing of. A column of Y costs a product
// with H and a loose solve with A; the columns stay until Newton's steps take more iterations than just after them.

#include <Eigen/Cholesky>
#include <span>
#include <vector>

#include "otto/core/archive.h"
#include "otto/infer/conjugate_gradients.h"
#include "otto/infer/objective.h"

namespace otto {

struct EliminationOptions {
  double rtol =
      0.03;  ///< of the solves for Y, in the norm of P^-1: what is left bounds E from A's share
  int max_cg = 40;      ///< of one of them
  double tiny = 1e-12;  ///< of the trace of E: holds directions nothing is known of
};

class Elimination {
 public:
  /// Keeps a reference. `P`: of the V block, on vectors whose shared part it leaves alone.
  Elimination(const Objective& objective, LinearMap P, const EliminationOptions& options = {});

  /// Columns at the objective's present point. Collective.
  void renew(Objective& objective);
  /// E for the present strengths of the priors. Collective.
  void factor(const Objective& objective);
  /// out = P r_V + Z E^-1 Z^T r. Collective.
  void apply(std::span<const double> r, std::span<double> out) const;
  void remember(Archive& archive);

 private:
  [[nodiscard]] double norm_V(std::span<const double> r) const;

  const Objective& space_;
  LinearMap P_;
  EliminationOptions options_;
  std::vector<Objective::Vector> Y_;    // columns, of owned cells
  std::vector<double> data_;            // E without the priors, row by row
  Eigen::LLT<Eigen::MatrixXd> factor_;  // of E
};

}  // namespace otto
