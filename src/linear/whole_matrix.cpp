#include "whole_matrix.h"

#include <algorithm>
#include <utility>

#include "otto/linear/reproducible_vector.h"
#include "vector_arrays.h"

namespace otto {

namespace {

/// What every rank has of something, one after the other, on the first rank.
template <class T>
std::vector<T> collect(const Comm& comm, std::span<const T> mine, MPI_Datatype type) {
  const int n = int(mine.size());
  std::vector<int> count(std::size_t(comm.size())), offset(count.size(), 0);
  MPI_Gather(&n, 1, MPI_INT, count.data(), 1, MPI_INT, 0, comm.handle());
  std::vector<T> all;
  if (comm.is_root()) {
    for (std::size_t r = 1; r < count.size(); ++r) offset[r] = offset[r - 1] + count[r - 1];
    all.resize(std::size_t(offset.back() + count.back()));
  }
  MPI_Gatherv(mine.data(), n, type, all.data(), count.data(), offset.data(), type, 0,
              comm.handle());
  return all;
}

/// The rows of this rank, columns in PETSc's numbers.
struct OwnRows {
  std::vector<int> length;
  std::vector<std::int64_t> column;
  std::vector<double> value;

  explicit OwnRows(Mat A) {
    PetscInt begin = 0, end = 0;
    check(MatGetOwnershipRange(A, &begin, &end));
    for (PetscInt i = begin; i < end; ++i) {
      PetscInt n = 0;
      const PetscInt* columns = nullptr;
      const PetscScalar* values = nullptr;
      check(MatGetRow(A, i, &n, &columns, &values));
      length.push_back(int(n));
      column.insert(column.end(), columns, columns + n);
      value.insert(value.end(), values, values + n);
      check(MatRestoreRow(A, i, &n, &columns, &values));
    }
  }
};

}  // namespace

const Mesh* whole_mesh(const Mesh& mesh, const SolverOptions& options) {
  return options.reproducible && mesh.comm.size() > 1 ? &mesh : nullptr;
}

WholeRows::WholeRows(const Mesh& mesh)
    : comm_(mesh.comm), count_(std::size_t(comm_.size())), offset_(count_.size(), 0) {
  MPI_Allgather(&mesh.owned, 1, MPI_INT32_T, count_.data(), 1, MPI_INT, comm_.handle());
  for (std::size_t r = 1; r < count_.size(); ++r) offset_[r] = offset_[r - 1] + count_[r - 1];
  const std::vector<std::int64_t> mine(mesh.global.begin(), mesh.global.begin() + mesh.owned);
  key_ = collect<std::int64_t>(comm_, mine, MPI_INT64_T);
  // reproducible_vector.h: the order of loops is that of one rank
  for (auto* v : {&in_, &out_}) {
    check(VecCreateMPI(PETSC_COMM_SELF, PetscInt(key_.size()), PETSC_DETERMINE, v->out()));
    make_reproducible(*v, {.length = key_.size()});
  }
}

std::vector<double> WholeRows::gather(std::span<const double> owned) const {
  const std::vector<double> all = collect<double>(comm_, owned, MPI_DOUBLE);
  std::vector<double> whole(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) whole[std::size_t(key_[i])] = all[i];
  return whole;
}

WholeRows::MatOwner WholeRows::gather(Mat A) const {
  const OwnRows mine(A);
  const auto lengths = collect<int>(comm_, mine.length, MPI_INT);
  const auto columns = collect<std::int64_t>(comm_, mine.column, MPI_INT64_T);
  const auto values = collect<double>(comm_, mine.value, MPI_DOUBLE);
  PetscBool known = PETSC_FALSE, definite = PETSC_FALSE;
  check(MatIsSPDKnown(A, &known, &definite));
  MatOwner whole;
  comm_.together([&] {
    if (!comm_.is_root()) return;
    const std::size_t n = key_.size();
    std::vector<std::size_t> first(n), row_of(n);
    std::vector<PetscInt> row_lengths(n);
    std::size_t at = 0;
    for (std::size_t p = 0; p < n; at += std::size_t(lengths[p++])) {
      first[p] = at;
      row_of[std::size_t(key_[p])] = p;
      row_lengths[std::size_t(key_[p])] = lengths[p];
    }
    check(MatCreateSeqAIJ(PETSC_COMM_SELF, PetscInt(n), PetscInt(n), 0, row_lengths.data(),
                          whole.out()));
    std::vector<std::pair<PetscInt, double>> row;
    std::vector<PetscInt> in_row;
    std::vector<double> of_row;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t p = row_of[i];
      row.clear();
      for (std::size_t e = first[p]; e < first[p] + std::size_t(lengths[p]); ++e) {
        row.emplace_back(PetscInt(key_[std::size_t(columns[e])]), values[e]);
      }
      std::ranges::sort(row, {}, &std::pair<PetscInt, double>::first);
      in_row.clear();
      of_row.clear();
      for (const auto& [column, value] : row) {
        in_row.push_back(column);
        of_row.push_back(value);
      }
      const auto number = PetscInt(i);
      check(MatSetValues(whole, 1, &number, PetscInt(row.size()), in_row.data(), of_row.data(),
                         INSERT_VALUES));
    }
    check(MatAssemblyBegin(whole, MAT_FINAL_ASSEMBLY));
    check(MatAssemblyEnd(whole, MAT_FINAL_ASSEMBLY));
    if (known == PETSC_TRUE) check(MatSetOption(whole, MAT_SPD, definite));
  });
  return whole;
}

void WholeRows::scatter(const std::vector<double>& whole, double* owned) const {
  std::vector<double> all(whole.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = whole[std::size_t(key_[i])];
  MPI_Scatterv(all.data(), count_.data(), offset_.data(), MPI_DOUBLE, owned,
               count_[std::size_t(comm_.rank())], MPI_DOUBLE, 0, comm_.handle());
}

void WholeRows::apply(Vec in, Vec out, const Work& work) {
  const auto rows = std::size_t(count_[std::size_t(comm_.rank())]);
  std::vector<double> mine(rows);
  store(in, mine);
  const std::vector<double> all_in = gather(mine);
  std::vector<double> result(all_in.size());
  comm_.together([&] {
    if (!comm_.is_root()) return;
    load(all_in, in_);
    work(in_, out_);
    store(out_, result);
  });
  double* to = nullptr;
  check(VecGetArrayWrite(out, &to));
  scatter(result, to);
  check(VecRestoreArrayWrite(out, &to));
}

WholeSystem::WholeSystem(const Mesh& mesh, PCType type, const char* prefix, bool all)
    : rows_(mesh) {
  check(PCCreate(PETSC_COMM_SELF, pc_.out()));
  check(PCSetType(pc_, type));
  if (all) check(PCSetFromOptions(pc_));
  check(PCSetOptionsPrefix(pc_, prefix));
  check(PCSetFromOptions(pc_));
  check(MatCreateShell(mesh.comm.handle(), mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE,
                       this, shell_.out()));
  check(MatShellSetOperation(shell_, MATOP_MULT, reinterpret_cast<void (*)()>(multiply)));
}

void WholeSystem::attach(KSP ksp) {
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  check(PCSetType(pc, PCSHELL));
  check(PCShellSetName(pc, "the whole system on the first rank"));
  check(PCShellSetContext(pc, this));
  check(PCShellSetApply(pc, precondition));
}

void WholeSystem::set(Mat A, Mat P) {
  P_ = rows_.gather(P);
  if (A != P) A_ = rows_.gather(A);
  rows_.comm().together([&] {
    if (!rows_.comm().is_root()) return;
    const Mat own = A == P ? P_ : A_;
    check(PCSetOperators(pc_, own, P_));
    check(PCSetUp(pc_));
  });
  if (A == P) A_ = WholeRows::MatOwner();
}

PetscErrorCode WholeSystem::multiply(Mat A, Vec in, Vec out) {
  void* context = nullptr;
  PetscCall(MatShellGetContext(A, &context));
  auto& self = *static_cast<WholeSystem*>(context);
  self.rows_.apply(in, out,
                   [&](Vec x, Vec y) { check(MatMult(self.A_ ? self.A_ : self.P_, x, y)); });
  return 0;
}

PetscErrorCode WholeSystem::precondition(PC pc, Vec in, Vec out) {
  void* context = nullptr;
  PetscCall(PCShellGetContext(pc, &context));
  auto& self = *static_cast<WholeSystem*>(context);
  self.rows_.apply(in, out, [&](Vec x, Vec y) { check(PCApply(self.pc_, x, y)); });
  return 0;
}

}  // namespace otto
