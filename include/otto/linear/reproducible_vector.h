#pragma once
// PETSc vectors whose products, norms and sums of vectors have the same bits on any number of ranks,
// so that a Krylov method goes the same way everywhere: products by core/reproducible_sum.h, x + a y
// in a loop of our own (BLAS rounds the rest of a loop differently from its body on some
// processors). Duplicates, which are all that solvers work with, behave alike.

#include "otto/core/row_block.h"

using Vec = struct _p_Vec*;  // PETSc's, whose headers stay in the sources

namespace otto {

/// `rows`: those of its values, where they are cells of a box.
void make_reproducible(Vec v, const RowBlock& rows);

}  // namespace otto
