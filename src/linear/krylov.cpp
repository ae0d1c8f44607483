#include "krylov.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "otto/linear/reproducible_vector.h"
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

void set_method(KSP ksp, const KrylovControl& control) {
  check(KSPSetTolerances(ksp, control.rtol, control.atol, control.max_growth,
                         control.max_iterations));
  check(KSPSetType(ksp, control.method));
  check(KSPGMRESSetRestart(ksp, control.restart));  // other methods pass over it
  if (control.method == std::string_view(KSPGMRES)) check(KSPSetPCSide(ksp, PC_RIGHT));
  check(KSPSetNormType(ksp, control.norm));
}

/// Where there are none nothing is asked for again: viewers that were named without a prefix stay.
void take_prefixed_options(KSP ksp, const char* prefix) {
  check(KSPSetOptionsPrefix(ksp, prefix));
  char* all = nullptr;
  check(PetscOptionsGetAll(nullptr, &all));
  const bool some = std::string(all).find(std::string("-") + prefix) != std::string::npos;
  check(PetscFree(all));
  if (some) check(KSPSetFromOptions(ksp));
}

double user_rtol(const KrylovControl& control) {
  double rtol = -1;
  if (control.unprefixed != KrylovControl::Unprefixed::none) {
    check(PetscOptionsGetReal(nullptr, nullptr, "-ksp_rtol", &rtol, nullptr));
  }
  check(PetscOptionsGetReal(nullptr, control.prefix, "-ksp_rtol", &rtol, nullptr));
  return rtol;
}

bool user_option(const char* prefix, const char* name) {
  PetscBool bare = PETSC_FALSE, with_prefix = PETSC_FALSE;
  check(PetscOptionsHasName(nullptr, nullptr, name, &bare));
  check(PetscOptionsHasName(nullptr, prefix, name, &with_prefix));
  return bare == PETSC_TRUE || with_prefix == PETSC_TRUE;
}

KrylovSolver::KrylovSolver(MPI_Comm comm, std::size_t owned, const KrylovControl& control)
    : KrylovSolver(comm, owned, control, nullptr, nullptr) {}

KrylovSolver::KrylovSolver(MPI_Comm comm, std::size_t owned, const KrylovControl& control,
                           Apply multiply, Apply precondition)
    : comm_(comm),
      owned_(PetscInt(owned)),
      multiply_(std::move(multiply)),
      precondition_(std::move(precondition)),
      user_rtol_(user_rtol(control)),
      rtol_(user_rtol_ > 0 ? user_rtol_ : control.rtol) {
  for (auto* v : {&b_, &x_}) {
    check(VecCreateMPI(comm_, owned_, PETSC_DETERMINE, v->out()));
    make_reproducible(*v, {.length = owned});
  }
  check(KSPCreate(comm_, ksp_.out()));
  set_method(ksp_, control);
  if (multiply_) {
    check(MatCreateShell(comm_, owned_, owned_, PETSC_DETERMINE, PETSC_DETERMINE, &multiply_,
                         shell_.out()));
    check(MatShellSetOperation(shell_, MATOP_MULT, reinterpret_cast<void (*)()>(otto::multiply)));
    set_matrix(shell_, shell_);
  }
  take_options(control);
}

/// Options without a prefix first, so that those with one win. A preconditioner that is named
/// without a prefix is one for matrices: a matrix-free solve keeps its own.
void KrylovSolver::take_options(const KrylovControl& control) {
  PC pc = nullptr;
  check(KSPGetPC(ksp_, &pc));
  check(PCSetType(pc, multiply_ ? PCNONE : control.preconditioner));
  if (control.unprefixed == KrylovControl::Unprefixed::all) check(KSPSetFromOptions(ksp_));
  if (multiply_) {
    check(PCSetType(pc, PCSHELL));
    check(PCShellSetContext(pc, &precondition_));
    check(PCShellSetApply(pc, otto::precondition));
  }
  take_prefixed_options(ksp_, control.prefix);
  if (!control.whole || multiply_) return;
  whole_ = std::make_unique<WholeSystem>(*control.whole, control.preconditioner, control.prefix,
                                         control.unprefixed == KrylovControl::Unprefixed::all);
  whole_->attach(ksp_);
}

void KrylovSolver::set_matrix(Mat A, Mat P) {
  if (!whole_) return check(KSPSetOperators(ksp_, A, P));
  whole_->set(A, P);
  check(KSPSetOperators(ksp_, whole_->shell(), whole_->shell()));
}

SolveReport KrylovSolver::solve(std::span<const double> b, std::span<double> x) {
  check(KSPSetTolerances(ksp_, rtol_, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  return run(b, x);
}

SolveReport KrylovSolver::solve(std::span<const double> b, std::span<double> x, double rtol) {
  if (user_rtol_ > 0) rtol = std::min(rtol, user_rtol_);
  check(KSPSetTolerances(ksp_, rtol, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  return run(b, x);
}

SolveReport KrylovSolver::run(std::span<const double> b, std::span<double> x) {
  return solve_with(ksp_, b_, x_, b, x);
}

}  // namespace otto
