#pragma once
// The coarse matrix P^T A P.

#include "otto/multigrid/interpolation.h"

namespace otto::multigrid {

/// Adds to `P.coarse` what other ranks' rows refer to. Collective.
SparseMatrix galerkin(SparseMatrix& A, Interpolation& P);

}  // namespace otto::multigrid
