#pragma once
// Which unknowns of a level carry over to the coarse one. Row i depends strongly on j where
//
//   -a_ij >= theta max_l (-a_il),
//
// and no two coarse unknowns depend on each other, every fine one on which others depend itself
// depends on a coarse one, and those on which many depend come first (De Sterck, Yang & Heys 2006,
// "PMIS"). Equal numbers of dependants
// are told apart by a hash of the keys, so the choice does not depend on the partition.

#include "otto/multigrid/sparse_matrix.h"

namespace otto::multigrid {

struct SplittingOptions {
  double theta =
      0.25;  ///< of strong dependence; the value in common use for two-dimensional problems
  /// Rows whose neighbours sum to less than this share of the diagonal depend on nobody: two sweeps
  /// leave less than its square of their error.
  double dominance = 0.02;
};

struct Splitting {
  std::vector<double> bound;    ///< of owned and ghosts: row i depends on j where -a_ij >= bound_i
  std::vector<char> is_coarse;  ///< of owned and ghosts

  [[nodiscard]] bool depends(std::int32_t row, double a) const {
    return -a >= bound[std::size_t(row)];
  }
};

/// Collective.
Splitting split(SparseMatrix& A, const SplittingOptions& options);

/// A number in [0, 1) that looks like chance.
double hash(std::int64_t key);

}  // namespace otto::multigrid
