#pragma once
// Backward equations: the adjoint of the generator, Q* = M^{-1} (M Q)^T, which acts on observables
// as Q acts on densities. Given weights sigma >= 0,
//
//     (diag(vol sigma) - (M Q)^T) f = b.
//
// With detailed balance f = rho / pi solves the forward system with the right-hand side b pi, so
// that the multigrid of ShiftedSolver does it; else the transposed matrix is assembled and GMRES
// with BoomerAMG solves it, its rows scaled by the diagonal.

#include <memory>
#include <span>
#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"

namespace otto {

/// Solves for f (owned values). The system is regular where mass is absorbed or sigma is not 0.
/// `b`, `sigma`: owned values. Collective.
SolveReport solve_backward(const Generator& generator, std::span<const double> sigma,
                           std::span<const double> b, std::span<double> f, SolverOptions options);

/// The same system assembled, for several right-hand sides. Its rows are scaled by the diagonal, so
/// that residuals are relative to the rates of each cell, however far those lie apart.
class BackwardSystem {
 public:
  /// Keeps a reference to `generator`. Collective.
  BackwardSystem(const Generator& generator, std::span<const double> sigma, SolverOptions options);
  ~BackwardSystem();
  BackwardSystem(const BackwardSystem&) = delete;

  /// Solves for f (owned values; what it held before is ignored). Collective.
  SolveReport solve(std::span<const double> b, std::span<double> f);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
