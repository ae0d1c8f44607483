#include "free_boundary.h"

#include <vector>

namespace otto {

namespace {

using IsOwner = PetscOwner<IS, ISDestroy>;

/// Rows of A of the layer and its rings, those of all ranks, sorted.
IsOwner rows_of_layer(Mat A, std::span<const char> layer, int rings) {
  PetscInt first = 0;
  check(MatGetOwnershipRange(A, &first, nullptr));
  std::vector<PetscInt> rows;
  for (std::size_t k = 0; k < layer.size(); ++k) {
    if (layer[k] != 0) rows.push_back(first + PetscInt(k));
  }
  IS set = nullptr;
  check(ISCreateGeneral(PETSC_COMM_SELF, PetscInt(rows.size()), rows.data(), PETSC_COPY_VALUES,
                        &set));
  check(MatIncreaseOverlap(A, 1, &set, rings));
  check(ISSort(set));
  IsOwner part, all;
  *part.out() = set;
  // the communicator of A's: those of the sets are the ranks' own
  IS shared = nullptr;
  const PetscInt* indices = nullptr;
  PetscInt n = 0;
  check(ISGetLocalSize(part, &n));
  check(ISGetIndices(part, &indices));
  check(ISCreateGeneral(PetscObjectComm(reinterpret_cast<PetscObject>(A)), n, indices,
                        PETSC_COPY_VALUES, &shared));
  check(ISRestoreIndices(part, &indices));
  check(ISAllGather(shared, all.out()));
  check(ISDestroy(&shared));
  check(ISSortRemoveDups(all));
  return all;
}

}  // namespace

FreeBoundary::FreeBoundary(Mat A, std::span<const char> layer, int rings) {
  const IsOwner rows = rows_of_layer(A, layer, rings);
  IS set = rows;
  PetscInt n = 0;
  check(ISGetLocalSize(set, &n));
  check(MatCreateSubMatrices(A, 1, &set, &set, MAT_INITIAL_MATRIX, &blocks_));
  check(VecCreateSeq(PETSC_COMM_SELF, n, in_.out()));
  check(VecDuplicate(in_, out_.out()));
  Vec whole = nullptr;
  check(MatCreateVecs(A, &whole, nullptr));
  check(VecScatterCreate(whole, set, in_, nullptr, scatter_.out()));
  check(VecDestroy(&whole));
  PetscInt begin = 0, end = 0;
  const PetscInt* indices = nullptr;
  check(MatGetOwnershipRange(A, &begin, &end));
  check(ISGetIndices(set, &indices));
  for (PetscInt i = 0; i < n; ++i) {
    if (indices[i] >= begin && indices[i] < end) own_.push_back({indices[i] - begin, i});
  }
  check(ISRestoreIndices(set, &indices));
  if (n == 0) return;
  check(PCCreate(PETSC_COMM_SELF, factors_.out()));
  check(PCSetOperators(factors_, blocks_[0], blocks_[0]));
  check(PCSetType(factors_, PCLU));
  check(PCFactorSetMatOrderingType(factors_, MATORDERINGND));
  check(PCSetUp(factors_));
}

FreeBoundary::~FreeBoundary() {
  if (blocks_) (void)MatDestroySubMatrices(1, &blocks_);
}

PetscErrorCode FreeBoundary::add(Vec r, Vec z) const {
  PetscCall(VecScatterBegin(scatter_, r, in_, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter_, r, in_, INSERT_VALUES, SCATTER_FORWARD));
  if (!factors_) return 0;
  PetscCall(PCApply(factors_, in_, out_));
  const double* from = nullptr;
  double* to = nullptr;
  PetscCall(VecGetArrayRead(out_, &from));
  PetscCall(VecGetArray(z, &to));
  for (const Own& own : own_) to[own.row] += from[own.place];
  PetscCall(VecRestoreArray(z, &to));
  PetscCall(VecRestoreArrayRead(out_, &from));
  return 0;
}

}  // namespace otto
