#pragma once
// A V-cycle for any symmetric positive definite matrix that is close to an M-matrix, made from its
// entries alone: for coefficients so rough that a grid of every second cell represents nothing
// (rugged landscapes, densities full of holes). Coarse unknowns and interpolation follow the strong
// entries (splitting.h, interpolation.h), coarse matrices are Galerkin products, and the smoother
// is a Chebyshev polynomial in D^-1 A, so that nothing depends on how the rows are shared out.
//
// Set up in double precision; the cycle runs on D^(-1/2) A D^(-1/2), whose entries lie in [-1, 1],
// in single precision where the diagonal's range allows.

#include <memory>
#include <vector>

#include "otto/multigrid/interpolation.h"

namespace otto::multigrid {

struct AlgebraicOptions {
  SplittingOptions splitting;
  InterpolationOptions interpolation;
  int degree = 3;        ///< of the polynomials before and after: 2 costs two thirds and takes 1-2
                         ///< more iterations, which a step that must hold its count cannot spare
  double lowest = 0.25;  ///< the polynomials damp eigenvalues from this share of the largest on
  std::int64_t gather_rows = 4096;  ///< levels of at most this many rows are repeated on every rank
  std::int64_t direct_rows = 160;   ///< and of this many factorised
  double shift =
      1e-14;  ///< added to the unit diagonal of the factorised matrix, which is singular but
              ///< for the mass: rounding of its entries
  /// Levels that do not shrink to this share are the last: another one would cost as much again.
  double max_share = 0.95;
  int last_degree = 8;  ///< of the polynomial on a last level too large to be factorised
  int power_steps =
      8;  ///< of the power method for the largest eigenvalue, which comes from below ...
  double power_margin = 1.1;   ///< ... and is then within a tenth of it
  double single_range = 1e40;  ///< of diagonal entries; beyond it a float does not hold residuals
};

class AlgebraicCycle {
 public:
  virtual ~AlgebraicCycle() = default;
  /// z = B r on owned rows; B is symmetric positive definite. Collective.
  virtual void apply(const double* r, double* z) = 0;
  /// Entries of all levels over those of the finest.
  [[nodiscard]] virtual double complexity() const = 0;
};

/// Collective.
std::unique_ptr<AlgebraicCycle> make_algebraic_cycle(SparseMatrix finest,
                                                     const AlgebraicOptions& options);

}  // namespace otto::multigrid
