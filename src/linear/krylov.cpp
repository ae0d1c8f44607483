#include "krylov.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "vector_arrays.h"

namespace otto {

namespace {

void apply(void* work, Vec in, Vec out) {
  with_arrays(in, out, [&](auto from, auto to) {
    (*static_cast<const KrylovSolver::Apply*>(work))(from, to);
  });
}

PetscErrorCode multiply(Mat A, Vec in, Vec out) {
  void* work = nullptr;
  PetscCall(MatShellGetContext(A, &work));
  apply(work, in, out);
  return 0;
}

PetscErrorCode precondition(PC pc, Vec in, Vec out) {
  void* work = nullptr;
  PetscCall(PCShellGetContext(pc, &work));
  apply(work, in, out);
  return 0;
}

}  // namespace

KrylovSolver::KrylovSolver(MPI_Comm comm, std::size_t owned, const KrylovControl& control)
    : comm_(comm), owned_(PetscInt(owned)), rtol_(control.rtol) {
  make(control);
}

KrylovSolver::KrylovSolver(MPI_Comm comm, std::size_t owned, const KrylovControl& control,
                           Apply multiply, Apply precondition)
    : comm_(comm),
      owned_(PetscInt(owned)),
      multiply_(std::move(multiply)),
      precondition_(std::move(precondition)),
      rtol_(control.rtol) {
  make(control);
}

void KrylovSolver::make(const KrylovControl& control) {
  for (auto* v : {&b_, &x_}) check(VecCreateMPI(comm_, owned_, PETSC_DETERMINE, v->out()));
  check(KSPCreate(comm_, ksp_.out()));
  check(KSPSetTolerances(ksp_, control.rtol, 1e-300, 1e30, control.max_iterations));
  check(KSPSetType(ksp_, control.method));
  check(KSPGMRESSetRestart(ksp_, control.restart));  // other methods pass over it
  if (control.method == std::string_view(KSPGMRES)) check(KSPSetPCSide(ksp_, PC_RIGHT));
  check(KSPSetNormType(ksp_, control.norm));
  if (multiply_) {
    check(MatCreateShell(comm_, owned_, owned_, PETSC_DETERMINE, PETSC_DETERMINE, &multiply_,
                         shell_.out()));
    check(MatShellSetOperation(shell_, MATOP_MULT, reinterpret_cast<void (*)()>(multiply)));
    set_matrix(shell_, shell_);
  }
  take_options(control);
}

/// Options without a prefix first, so that those with one win. A preconditioner that is named
/// without a prefix is one for matrices: a matrix-free solve keeps its own.
void KrylovSolver::take_options(const KrylovControl& control) {
  using Unprefixed = KrylovControl::Unprefixed;
  PC pc = nullptr;
  check(KSPGetPC(ksp_, &pc));
  check(PCSetType(pc, multiply_ ? PCNONE : PCHYPRE));
  if (control.unprefixed == Unprefixed::all) check(KSPSetFromOptions(ksp_));
  if (multiply_) {
    check(PCSetType(pc, PCSHELL));
    check(PCShellSetContext(pc, &precondition_));
    check(PCShellSetApply(pc, precondition));
  }
  check(KSPSetOptionsPrefix(ksp_, control.prefix));
  check(KSPSetFromOptions(ksp_));
  check(KSPGetTolerances(ksp_, &rtol_, nullptr, nullptr, nullptr));
  const bool own = user_option(std::string("-").append(control.prefix).append("ksp_rtol").c_str());
  const bool step = control.unprefixed != Unprefixed::none && user_option("-ksp_rtol");
  user_rtol_ = own || step;
  if (step && !own) check(PetscOptionsGetReal(nullptr, nullptr, "-ksp_rtol", &rtol_, nullptr));
}

void KrylovSolver::set_matrix(Mat A, Mat P) { check(KSPSetOperators(ksp_, A, P)); }

SolveReport KrylovSolver::solve(std::span<const double> b, std::span<double> x) {
  check(KSPSetTolerances(ksp_, rtol_, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  return run(b, x);
}

SolveReport KrylovSolver::solve(std::span<const double> b, std::span<double> x, double rtol) {
  if (user_rtol_) rtol = std::min(rtol, rtol_);
  check(KSPSetTolerances(ksp_, rtol, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  return run(b, x);
}

SolveReport KrylovSolver::run(std::span<const double> b, std::span<double> x) {
  return solve_with(ksp_, b_, x_, b, x);
}

}  // namespace otto
