#pragma once
// An overlapping Schwarz correction for the layer of cells along a free boundary: A restricted to
// these cells and some rings of their neighbours is solved exactly. Between the first and the last
// cells of a density coefficients change by orders of magnitude from cell to cell, which no coarse
// grid knows; the layer is as large as a surface. Every rank holds the whole of it, in the order of the
// cells' keys, and solves the same system, so that the correction has the same bits however the cells are shared out;
// blocks of ranks, added, would count their overlap more than once, and such a correction is not one.

#include <petscksp.h>

#include <span>
#include <vector>

#include "otto/core/petsc_check.h"
#include "otto/multigrid/sparse_matrix.h"

namespace otto {

class FreeBoundary {
 public:
  /// `layer`: per owned cell; `rings` of the graph of A, which is symmetric, are added. Collective.
  FreeBoundary(multigrid::SparseMatrix A, std::span<const char> layer, int rings);
  FreeBoundary(const FreeBoundary&) = delete;
  FreeBoundary& operator=(const FreeBoundary&) = delete;

  /// z += R^T (R A R^T)^-1 R r. Collective.
  PetscErrorCode add(Vec r, Vec z) const;

 private:
  void factorise(const multigrid::SparseMatrix& A, const std::vector<std::int64_t>& keys);

  Comm comm_;
  std::vector<std::size_t> own_;     ///< rows of this rank
  std::vector<int> count_, offset_;  ///< of the ranks' rows
  std::vector<PetscInt> place_;      ///< of all rows, rank by rank, by key
  PetscOwner<Mat, MatDestroy> block_;
  PetscOwner<PC, PCDestroy> factors_;
  mutable PetscOwner<Vec, VecDestroy> in_, out_;
};

}  // namespace otto
