#pragma once
// PETSc vectors as spans of the values this rank owns, and solves from span to span.

#include <petscksp.h>

#include <algorithm>
#include <span>

#include "otto/core/petsc_check.h"
#include "otto/linear/shifted_solver.h"

namespace otto {

/// work(values of `in`, values of `out` to be written).
template <class Work>
void with_arrays(Vec in, Vec out, Work&& work) {
  const double* from = nullptr;
  double* to = nullptr;
  PetscInt n = 0;
  check(VecGetLocalSize(in, &n));
  check(VecGetArrayRead(in, &from));
  check(VecGetArrayWrite(out, &to));
  work(std::span(from, std::size_t(n)), std::span(to, std::size_t(n)));
  check(VecRestoreArrayWrite(out, &to));
  check(VecRestoreArrayRead(in, &from));
}

/// Copies `values` into `to`.
inline void load(std::span<const double> values, Vec to) {
  double* into = nullptr;
  check(VecGetArrayWrite(to, &into));
  std::ranges::copy(values, into);
  check(VecRestoreArrayWrite(to, &into));
}

/// Copies as many values of `from` as fit.
inline void store(Vec from, std::span<double> values) {
  const double* in = nullptr;
  check(VecGetArrayRead(from, &in));
  std::copy_n(in, values.size(), values.begin());
  check(VecRestoreArrayRead(from, &in));
}

/// While one lives, the values of `v` are those of the span, which nobody may write.
class BorrowedArray {
 public:
  BorrowedArray(Vec v, std::span<const double> values) : v_(v) {
    check(VecPlaceArray(v, const_cast<double*>(values.data())));
  }
  ~BorrowedArray() { VecResetArray(v_); }
  BorrowedArray(const BorrowedArray&) = delete;
  BorrowedArray& operator=(const BorrowedArray&) = delete;

 private:
  Vec v_;
};

/// What the last solve of `ksp` did; the residual is the norm PETSc watched.
inline SolveReport report_of(KSP ksp) {
  SolveReport report;
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  PetscInt iterations = 0;
  check(KSPGetConvergedReason(ksp, &reason));
  check(KSPGetIterationNumber(ksp, &iterations));
  check(KSPGetResidualNorm(ksp, &report.relative_residual));
  report.converged = reason > 0;
  report.iterations = int(iterations);
  report.reason = KSPConvergedReasons[reason];
  return report;
}

/// x = solution for the right-hand side `rhs`, by way of the vectors b and u. Collective.
inline SolveReport solve_with(KSP ksp, Vec b, Vec u, std::span<const double> rhs,
                              std::span<double> x) {
  load(rhs, b);
  check(KSPSolve(ksp, b, u));
  store(u, x);
  return report_of(ksp);
}

}  // namespace otto
