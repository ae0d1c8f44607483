#pragma once
// Interpolation from the coarse unknowns that reads the matrix ("extended+i", De Sterck, Falgout,
// Nolting & Yang 2008). A fine i interpolates from the coarse unknowns C_i it depends on, directly
// or through another fine k it depends on. With a- the negative entries and i counted with C_i,
//
//   w_ij = -(a_ij + sum_k a_ik a-_kj / s_k) / d_i,    s_k = sum_(l in C_i and i) a-_kl,
//   d_i  = a_ii + sum_weak a_in + sum_k a_ik a-_ki / s_k,
//
// of which only the largest are kept, scaled up to the same sum.

#include "otto/multigrid/splitting.h"

namespace otto::multigrid {

struct InterpolationOptions {
  int entries = 4;  ///< per row: keeps coarse rows short; more do not lower the counts
};

struct Interpolation {
  Rows<double> rows;  ///< of owned unknowns; columns in `coarse`
  ColumnNumbers coarse;
};

/// Collective.
Interpolation interpolate(SparseMatrix& A, const Splitting& splitting,
                          const InterpolationOptions& options);

}  // namespace otto::multigrid
