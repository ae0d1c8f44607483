#pragma once
// Backward equations: the adjoint of the generator, Q* = M^{-1} (M Q)^T, which acts on observables
// as Q acts on densities. Given weights sigma >= 0,
//
//     (diag(vol sigma) - (M Q)^T) f = b.
//
// With detailed balance f = rho / pi solves the forward system with the right-hand side b pi, so
// that the multigrid of ShiftedSolver does it; else the transposed matrix is assembled and GMRES
// with BoomerAMG solves it, its rows scaled by the diagonal.

#include <span>
#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"

namespace otto {

/// Solves for f (owned values). The system is regular where mass is absorbed or sigma is not 0.
/// `b`, `sigma`: owned values. Collective.
SolveReport solve_backward(const Generator& generator, std::span<const double> sigma,
                           std::span<const double> b, std::span<double> f, SolverOptions options);

}  // namespace otto
