#pragma once
// Products of sparse matrices whose rows are shared out. Every entry is a sum in the order of the keys of what it is
// summed over, so that its bits do not depend on how.

#include "otto/multigrid/interpolation.h"

namespace otto::multigrid {

/// The coarse matrix P^T A P. Adds to `P.coarse` what other ranks' rows refer to. Collective.
SparseMatrix galerkin(SparseMatrix& A, Interpolation& P);

/// P^T: its rows are the coarse unknowns of this rank, its columns the rows of A. Collective.
SparseMatrix restriction(const SparseMatrix& A, const Interpolation& P);

/// J^T J + L for the rows of this rank, whose columns are in `numbers`; the pattern of L lies in that of J^T J.
/// Collective.
SparseMatrix normal_matrix(const Comm& comm, ColumnNumbers& numbers, const Rows<double>& J,
                           const Rows<double>& L);

}  // namespace otto::multigrid
