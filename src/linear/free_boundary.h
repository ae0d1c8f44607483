#pragma once
// An overlapping Schwarz correction for the layer of cells along a free boundary: A restricted to
// these cells and some rings of their neighbours is solved exactly. Between the first and the last
// cells of a density coefficients change by orders of magnitude from cell to cell, which no coarse
// grid knows; the layer is as large as a surface. Every rank holds the whole of it and solves the
// same system, so that the correction does not depend on how the cells are shared out; blocks of
// ranks, added, would count their overlap more than once, and such a correction is not one.

#include <petscksp.h>

#include <span>
#include <vector>

#include "otto/core/petsc_check.h"

namespace otto {

class FreeBoundary {
 public:
  /// `layer`: per owned cell; `rings` of the graph of A are added. Collective.
  FreeBoundary(Mat A, std::span<const char> layer, int rings);
  ~FreeBoundary();
  FreeBoundary(const FreeBoundary&) = delete;
  FreeBoundary& operator=(const FreeBoundary&) = delete;

  /// z += R^T (R A R^T)^-1 R r. Collective.
  PetscErrorCode add(Vec r, Vec z) const;

 private:
  /// A row of this rank, and its place in the layer.
  struct Own {
    PetscInt row = 0, place = 0;
  };

  Mat* blocks_ = nullptr;
  std::vector<Own> own_;
  PetscOwner<PC, PCDestroy> factors_;
  PetscOwner<VecScatter, VecScatterDestroy> scatter_;
  mutable PetscOwner<Vec, VecDestroy> in_, out_;
};

}  // namespace otto
