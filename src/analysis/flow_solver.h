#pragma once
// Linear systems of a process without detailed balance, written for the ratio w to a density s near the one at rest:
// with A = -M Q,
//
//   (diag(omega) + c A) diag(s) w = b        or its transpose.
//
// Where A s is nearly 0 the rows of A diag(s) add up to nearly 0, as its columns do: its symmetric part is a graph's Laplacian with
// the weights (f_KL s_K + f_LK s_L) / 2, for which BoomerAMG is made, while columns of A alone differ by all of
// exp(-V/kT), and the smooth functions of the multigrid are not those that A makes small. GMRES stands with the
// preconditioner on the left, so that its norm is that of the error of w, however little mass a cell has.

#include <span>

#include "../linear/assembled.h"
#include "../linear/krylov.h"

namespace otto {

class FlowSolver {
 public:
  explicit FlowSolver(const Mesh& mesh);

  /// The entries: the diagonal of the owned cells, by face those of row left, column right, and the reverse.
  /// Collective.
  void set(std::span<const double> diagonal, std::span<const double> left_right,
           std::span<const double> right_left);
  /// w for b (owned values), to rtol of its norm. Collective; throws NumericalError naming `what`.
  void solve(std::span<const double> b, std::span<double> w, double rtol, const char* what);

 private:
  AssembledMatrix matrix_;
  KrylovSolver krylov_;
};

}  // namespace otto
