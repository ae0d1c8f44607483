#pragma once
// J x = b and J^T x = b for the J of a transport, accurately: one sweep where the incomplete
// factors of jacobian_sweep.h are exact (upwind weights), else GMRES with them as its preconditioner.

#include <memory>
#include <span>

#include "otto/linear/jacobian_sweep.h"

namespace otto {

class JacobianSolver {
 public:
  /// Keeps a reference to `transport`. PETSc options with the prefix transport_ apply. Collective.
  explicit JacobianSolver(const Transport& transport);
  ~JacobianSolver();

  using Factors = JacobianSweep::Factors;
  void factor(std::span<const double> phi, double d, Factors& factors) const;  ///< Collective

  /// The J of `phi` (owned + ghosts) and d, whose factors are given: all must live until the last
  /// solve with them.
  void set(std::span<const double> phi, double d, const Factors& factors);
  /// To 1e-10 of b in the 2-norm; owned values. False where GMRES fails. Collective.
  [[nodiscard]] bool solve(std::span<const double> b, std::span<double> x);
  /// Likewise with every row of b, a mass, seen relative to `size` > 0: where there is little mass
  /// the little has to be right.
  [[nodiscard]] bool solve_adjoint(std::span<const double> b, std::span<const double> size,
                                   std::span<double> x);

  /// Work since the last call: solves and sweeps (applications of the factors).
  struct Work {
    long solves = 0, sweeps = 0;
  };
  [[nodiscard]] Work take_work();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
