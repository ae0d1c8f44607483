#pragma once
// The slowest relaxation rates of a generator with detailed balance, and their modes.
//
// With omega_K = vol_K pi_K, the conductances g of the faces and the absorption k of the boundary,
// the eigenvalue problem -Q rho = lambda rho reads for u = rho / pi and for y = sqrt(omega) u
//
//   (L + diag(k pi)) u = lambda omega u,        A y = lambda y,   A symmetric, A >= 0,
//
// L the graph Laplacian of g. Its smallest eigenvalues are the largest theta = 1 / (1 + c lambda)
// of S = (I - c Q)^{-1} = (I + c A)^{-1}: one multigrid solve per application, whatever the cells.

#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"

namespace otto {

/// One relaxation mode: exp(-rate t) mode pi is a solution.
struct Mode {
  double rate = 0;  ///< lambda of the matrix
  double corrected =
      0;  ///< lambda of the equation: without what the width of the cells changes, where that is known
  double residual = 0;  ///< |A y - lambda y| / (lambda |y|); nan for rates from capacities
  double error = 0;     ///< the true rate of the matrix is within this part of `rate`
  double coarseness =
      0;  ///< part by which `corrected` may still be off, about (analysis/cell_width.h)
  std::vector<double> shape;  ///< u of the owned cells; sum omega u^2 = sum omega
  /// The matrix' rate is good to three digits.
  [[nodiscard]] bool resolved() const { return error <= 1e-3; }
  /// The cells are fine enough for a digit of the equation's.
  [[nodiscard]] bool fine() const { return coarseness <= 0.1; }
};

/// The slowest modes, and what they cost.
struct Spectrum {
  std::vector<Mode> modes;  ///< slowest first, the equilibrium (rate 0) left out
  int solves = 0;           ///< applications of S
  int iterations = 0;       ///< of all linear solves together
};

/// How many modes, and how accurate.
struct SpectrumOptions {
  int count = 1;              ///< modes asked for
  double tolerance = 1e-9;    ///< on the residuals of S
  double rtol = 1e-13;        ///< of the linear solves
  bool reproducible = false;  ///< as in SolverOptions
};

/// Throws InputError where detailed balance is missing or the mesh has fewer modes than asked for,
/// NumericalError where a solve or the iteration does not converge. Collective.
Spectrum slowest_modes(const Generator& generator, ShiftedSolver& solver,
                       const SpectrumOptions& options);

/// pi of the owned cells, with sum vol pi = 1. Collective.
std::vector<double> gibbs_density(const Generator& generator);

}  // namespace otto
