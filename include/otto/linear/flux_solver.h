#pragma once
// The linear system of Newton's method for M (rho(s) - rho0) + dt sum of fluxes = 0:
//
//   J = diag(vol rho') + dt sum_f (e_K - e_L) (dF/ds_K e_K + dF/ds_L e_L)^T,
//
// an M-matrix whose columns sum to vol rho' for monotone fluxes. Solved for y = D ds with D the
// diagonal of J, so that entries lie in [-1, 1], by GMRES with hypre's algebraic multigrid.

#include <memory>
#include <span>

#include "otto/linear/shifted_solver.h"
#include "otto/mesh/mesh.h"

namespace otto {

class FluxSolver {
 public:
  /// Whose solve it is: of PETSc's options without a prefix a step's own takes all, one inside of
  /// another kind of step the tolerance alone.
  enum class Role { step, inside };
  /// Keeps a reference to `mesh`. Collective.
  FluxSolver(const Mesh& mesh, SolverOptions options, Role role = Role::step);
  ~FluxSolver();

  /// J for `omega` = vol rho' per owned cell and the derivatives of the fluxes per face.
  /// Collective.
  void set(double dt, std::span<const double> omega, std::span<const double> left,
           std::span<const double> right);
  /// J ds = b for owned values; ds starts at 0. Collective.
  SolveReport solve(std::span<const double> b, std::span<double> ds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
