#pragma once
// Newton's linear systems of fluxes on simplices, for the change z of mu:
//
//   A = K + c sum_e (S_e mu) (1/n_e dmu)^T,    K = diag(omega / dmu) + c sum_e rho_e S_e,
//
// S_e the matrix of the pairs of e (operators/simplex_flux.h), n_e the number of its cells. With
// z = dmu y, A z is the derivative of omega theta + c outflow(theta) along y. K is symmetric
// positive definite. Assembled; A by GMRES with BoomerAMG for K on its right, so that the tolerance
// is on A's own residual, a mass.

#include <memory>
#include <span>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/simplex_flux.h"

namespace otto {

class SimplexSolver {
 public:
  /// Keeps a reference to `flux`. PETSc options without prefix apply. Collective.
  SimplexSolver(const SimplexFlux& flux, SolverOptions options);
  ~SimplexSolver();

  /// Fills A and K. `omega`: owned; `rho`, `mu`, `dmu`: owned + ghosts, up to date. Collective.
  void set(double c, std::span<const double> omega, std::span<const double> rho,
           std::span<const double> mu, std::span<const double> dmu);
  /// The diagonal of K: local cells.
  [[nodiscard]] std::span<const double> diagonal() const;
  /// Solves A z = rhs for the owned values of z from 0, to `rtol` or what the options ask for if
  /// that is less. Collective.
  SolveReport solve(std::span<const double> rhs, std::span<double> z, double rtol);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
