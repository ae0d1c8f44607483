#include "free_boundary.h"

#include <algorithm>
#include <numeric>

namespace otto {

namespace {

using multigrid::SparseMatrix;

template <class Visit>
void for_row(const SparseMatrix& A, std::size_t i, Visit&& visit) {
  for (auto e = std::size_t(A.rows.start[i]); e < std::size_t(A.rows.start[i + 1]); ++e) {
    visit(std::size_t(A.rows.column[e]), A.rows.value[e]);
  }
}

/// The layer and its rings, of owned cells and ghosts. Collective.
std::vector<char> with_rings(SparseMatrix& A, std::span<const char> layer, int rings) {
  std::vector<char> in(layer.begin(), layer.end());
  in.resize(A.local(), 0);
  A.exchange(in.data());
  for (int ring = 0; ring < rings; ++ring) {
    std::vector<char> next = in;
    for (std::size_t i = 0; i < std::size_t(A.rows.size()); ++i) {
      for_row(A, i, [&](std::size_t j, double) { next[i] = next[i] != 0 || in[j] != 0 ? 1 : 0; });
    }
    in = std::move(next);
    A.exchange(in.data());
  }
  return in;
}

}  // namespace

FreeBoundary::FreeBoundary(SparseMatrix A, std::span<const char> layer, int rings) : comm_(A.comm) {
  const std::vector<char> in = with_rings(A, layer, rings);
  std::vector<std::int64_t> mine;
  for (std::size_t i = 0; i < std::size_t(A.rows.size()); ++i) {
    if (in[i] == 0) continue;
    own_.push_back(i);
    mine.push_back(A.key[i]);
  }
  const std::vector<int> counts =
      multigrid::all_parts(comm_, std::vector<int>(1, int(own_.size())));
  offset_.resize(counts.size());
  std::exclusive_scan(counts.begin(), counts.end(), offset_.begin(), 0);
  count_ = counts;
  const std::vector<std::int64_t> keys = multigrid::all_parts(comm_, mine);
  std::vector<std::int64_t> sorted = keys;
  std::ranges::sort(sorted);
  for (const std::int64_t key : keys) {
    place_.push_back(PetscInt(std::ranges::lower_bound(sorted, key) - sorted.begin()));
  }
  factorise(A, sorted);
}

/// `keys`: of all rows, ascending.
void FreeBoundary::factorise(const SparseMatrix& A, const std::vector<std::int64_t>& keys) {
  const auto n = PetscInt(keys.size());
  std::vector<int> lengths;
  std::vector<std::int64_t> columns;  // their keys
  std::vector<double> values;
  for (const std::size_t i : own_) {
    const std::size_t before = columns.size();
    for_row(A, i, [&](std::size_t j, double value) {
      if (!std::ranges::binary_search(keys, A.key[j])) return;
      columns.push_back(A.key[j]);
      values.push_back(value);
    });
    lengths.push_back(int(columns.size() - before));
  }
  lengths = multigrid::all_parts(comm_, lengths);
  columns = multigrid::all_parts(comm_, columns);
  values = multigrid::all_parts(comm_, values);
  check(VecCreateSeq(PETSC_COMM_SELF, n, in_.out()));
  check(VecDuplicate(in_, out_.out()));
  if (n == 0) return;
  std::vector<PetscInt> room(keys.size());
  for (std::size_t k = 0; k < keys.size(); ++k) room[std::size_t(place_[k])] = lengths[k];
  check(MatCreateSeqAIJ(PETSC_COMM_SELF, n, n, 0, room.data(), block_.out()));
  std::vector<PetscInt> in_row;
  const double* value = values.data();
  const std::int64_t* column = columns.data();
  for (std::size_t k = 0; k < keys.size(); ++k) {
    in_row.clear();
    for (int e = 0; e < lengths[k]; ++e) {
      in_row.push_back(PetscInt(std::ranges::lower_bound(keys, *column++) - keys.begin()));
    }
    check(MatSetValues(block_, 1, &place_[k], lengths[k], in_row.data(), value, INSERT_VALUES));
    value += lengths[k];
  }
  check(MatAssemblyBegin(block_, MAT_FINAL_ASSEMBLY));
  check(MatAssemblyEnd(block_, MAT_FINAL_ASSEMBLY));
  check(PCCreate(PETSC_COMM_SELF, factors_.out()));
  check(PCSetOperators(factors_, block_, block_));
  check(PCSetType(factors_, PCLU));
  check(PCFactorSetMatOrderingType(factors_, MATORDERINGND));
  check(PCSetUp(factors_));
}

PetscErrorCode FreeBoundary::add(Vec r, Vec z) const {
  const double* from = nullptr;
  double* to = nullptr;
  std::vector<double> mine, all(place_.size());
  PetscCall(VecGetArrayRead(r, &from));
  for (const std::size_t i : own_) mine.push_back(from[i]);
  PetscCall(VecRestoreArrayRead(r, &from));
  MPI_Allgatherv(mine.data(), int(mine.size()), MPI_DOUBLE, all.data(), count_.data(),
                 offset_.data(), MPI_DOUBLE, comm_.handle());
  if (!factors_) return 0;
  PetscCall(VecGetArrayWrite(in_, &to));
  for (std::size_t k = 0; k < all.size(); ++k) to[place_[k]] = all[k];
  PetscCall(VecRestoreArrayWrite(in_, &to));
  PetscCall(PCApply(factors_, in_, out_));
  const auto begin = std::size_t(offset_[std::size_t(comm_.rank())]);
  PetscCall(VecGetArrayRead(out_, &from));
  PetscCall(VecGetArray(z, &to));
  for (std::size_t k = 0; k < own_.size(); ++k) to[own_[k]] += from[place_[begin + k]];
  PetscCall(VecRestoreArray(z, &to));
  PetscCall(VecRestoreArrayRead(out_, &from));
  return 0;
}

}  // namespace otto
