#include "preconditioners.h"

#include <cmath>
#include <limits>
#include <utility>

#include "vector_arrays.h"

namespace otto {

Preconditioners::Preconditioners(const Mesh& mesh, const SolverOptions& options, Cycle cycle,
                                 Rows rows, Assemble assemble, Layer layer)
    : mesh_(mesh),
      options_(options),
      cycle_(std::move(cycle)),
      rows_(std::move(rows)),
      assemble_(std::move(assemble)),
      layer_(std::move(layer)),
      kind_(cheapest()) {
  if (whole_mesh(mesh, options)) whole_ = std::make_unique<WholeRows>(mesh);
}

void Preconditioners::attach(KSP ksp) {
  ksp_ = ksp;
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  check(PCSetType(pc, PCSHELL));
  check(PCShellSetName(pc, "Otto's multigrid"));
  check(PCShellSetContext(pc, this));
  check(PCShellSetApply(pc, &Preconditioners::apply));
  check(KSPConvergedDefaultCreate(&standard_));
  check(KSPSetConvergenceTest(ksp, &Preconditioners::test, this, [](void* context) {
    return KSPConvergedDefaultDestroy(static_cast<Preconditioners*>(context)->standard_);
  }));
}

void Preconditioners::changed(bool start_over) {
  algebraic_.reset();
  boomeramg_ = PcOwner();
  boundary_.reset();
  made_ = Kind::geometric;
  if (!start_over) return;
  kind_ = cheapest();
  wide_ = false;
}

void Preconditioners::make() {
  if (std::exchange(made_, kind_) == kind_) return;
  if (kind_ == Kind::layered) {
    boundary_ = std::make_unique<FreeBoundary>(rows_(), layer_(wide_), options_.layer_rings);
  }
  if (kind_ == Kind::algebraic) algebraic_ = multigrid::make_algebraic_cycle(rows_(), {});
  if (kind_ == Kind::boomeramg) make_boomeramg();
}

void Preconditioners::make_boomeramg() {
  const Mat A = assemble_(whole_.get());
  check(PCCreate(whole_ ? PETSC_COMM_SELF : mesh_.comm.handle(), boomeramg_.out()));
  if (A) check(PCSetOperators(boomeramg_, A, A));
  check(PCSetType(boomeramg_, PCHYPRE));
  const char* prefix = nullptr;
  check(KSPGetOptionsPrefix(ksp_, &prefix));
  check(PCSetFromOptions(boomeramg_));  // those without a prefix, then those with it
  check(PCSetOptionsPrefix(boomeramg_, prefix));
  check(PCSetFromOptions(boomeramg_));
  if (A) check(PCSetUp(boomeramg_));
}

PetscErrorCode Preconditioners::apply(PC pc, Vec r, Vec z) {
  Preconditioners* self = nullptr;
  PetscCall(PCShellGetContext(pc, &self));
  return self->apply(r, z);
}

PetscErrorCode Preconditioners::apply(Vec r, Vec z) {
  if (kind_ == Kind::layered) return layered(r, z);
  if (kind_ != Kind::boomeramg) return cycle(r, z);
  if (!whole_) return PCApply(boomeramg_, r, z);
  whole_->apply(r, z, [this](Vec in, Vec out) { check(PCApply(boomeramg_, in, out)); });
  return 0;
}

/// One cycle, the geometric or the algebraic one.
PetscErrorCode Preconditioners::cycle(Vec r, Vec z) {
  PetscReal scale = 0;
  if (kind_ != Kind::algebraic) {  // single precision inside: the size of r has to be known
    KSPNormType type = KSP_NORM_DEFAULT;
    PetscCall(KSPGetNormType(ksp_, &type));
    const bool known = type == KSP_NORM_UNPRECONDITIONED && kind_ == Kind::geometric;
    if (known) PetscCall(KSPGetResidualNorm(ksp_, &scale));
    if (!(scale > 0)) PetscCall(VecNorm(r, NORM_INFINITY, &scale));
  }
  const double* in = nullptr;
  double* out = nullptr;
  PetscCall(VecGetArrayRead(r, &in));
  PetscCall(VecGetArrayWrite(z, &out));
  if (kind_ == Kind::algebraic) {
    algebraic_->apply(in, out);
  } else {
    cycle_(in, scale, out);
  }
  PetscCall(VecRestoreArrayWrite(z, &out));
  PetscCall(VecRestoreArrayRead(r, &in));
  return 0;
}

/// The correction on the layer, a cycle, and the correction again: symmetric.
PetscErrorCode Preconditioners::layered(Vec r, Vec z) {
  Mat A = nullptr;
  PetscCall(KSPGetOperators(ksp_, &A, nullptr));
  if (!rest_) {
    PetscCall(VecDuplicate(r, rest_.out()));
    PetscCall(VecDuplicate(r, more_.out()));
  }
  PetscCall(VecSet(z, 0));
  PetscCall(boundary_->add(r, z));
  PetscCall(MatMult(A, z, rest_));
  PetscCall(VecAYPX(rest_, -1, r));
  PetscCall(cycle(rest_, more_));
  PetscCall(VecAXPY(z, 1, more_));
  PetscCall(MatMult(A, z, rest_));
  PetscCall(VecAYPX(rest_, -1, r));
  return boundary_->add(rest_, z);
}

PetscErrorCode Preconditioners::test(KSP ksp, PetscInt k, PetscReal norm,
                                     KSPConvergedReason* reason, void* context) {
  auto* self = static_cast<Preconditioners*>(context);
  PetscCall(KSPConvergedDefault(ksp, k, norm, reason, self->standard_));
  if (*reason != KSP_CONVERGED_ITERATING) return 0;
  self->verdict_ = self->judge(k, norm);
  if (self->verdict_ != Verdict::none) *reason = KSP_DIVERGED_ITS;
  return 0;
}

/// The iterations foreseen are those at the mean rate so far. Where rates are huge, a guess that is
/// off by little has a residual that drowns b; zero is then the better start.
Preconditioners::Verdict Preconditioners::judge(PetscInt k, double norm) {
  if (k == 0) {
    first_ = norm;
    if (!(target_ > 0)) target_ = wanted_ * norm;
    return norm > worst_guess_ ? Verdict::bad_guess : Verdict::none;
  }
  if (kind_ == Kind::boomeramg || k < foresight_.first_look) return Verdict::none;
  if (kind_ == Kind::algebraic) {
    return k >= options_.algebraic_iterations ? Verdict::slow : Verdict::none;
  }
  const double gained = std::log(first_ / norm), wanted = std::log(first_ / target_);
  const double patience = k < foresight_.second_look ? foresight_.first_patience : 1;
  const double max = options_.geometric_iterations * patience;
  const bool slow = !(gained > 0) || double(k) * wanted > max * gained;
  return slow ? Verdict::slow : Verdict::none;
}

SolveReport Preconditioners::solve(Vec b, Vec u, double rtol, const Guess& guess) {
  KSPNormType type = KSP_NORM_DEFAULT;
  PetscReal norm = 0;
  check(KSPGetNormType(ksp_, &type));
  check(VecNorm(b, NORM_2, &norm));
  const bool by_residual = type == KSP_NORM_UNPRECONDITIONED && norm > 0;
  worst_guess_ = by_residual ? norm : std::numeric_limits<double>::infinity();
  wanted_ = rtol;
  if (guess) guess(u);
  check(KSPSetInitialGuessNonzero(ksp_, guess ? PETSC_TRUE : PETSC_FALSE));
  SolveReport report;
  int iterations = 0;
  bool algebraic = false, on = true;
  while (on) {
    make();
    algebraic = algebraic || kind_ == Kind::algebraic;
    verdict_ = Verdict::none;
    target_ = by_residual ? rtol * norm : 0;
    check(KSPSolve(ksp_, b, u));
    report = report_of(ksp_);
    iterations += report.iterations;
    on = std::isfinite(norm) && next(u, guess);
  }
  report.iterations = iterations;
  report.algebraic = algebraic;
  report.fallback = kind_ == Kind::boomeramg;
  return report;
}

Preconditioners::Kind Preconditioners::after(Kind kind) {
  if (layer_ && (kind == Kind::geometric || (kind == Kind::layered && !wide_))) {
    boundary_.reset();
    made_ = Kind::geometric;
    for (const bool wide : {false, true}) {
      if (!wide && kind == Kind::layered) continue;  // that was it
      wide_ = wide;
      if (mesh_.comm.any(!layer_(wide).empty())) return Kind::layered;
    }
  }
  return kind == Kind::algebraic ? Kind::boomeramg : Kind::algebraic;
}

/// Whether there is another way after this end of a solve; if so, u is its start.
bool Preconditioners::next(Vec u, const Guess& guess) {
  if (verdict_ == Verdict::bad_guess) {
    check(KSPSetInitialGuessNonzero(ksp_, PETSC_FALSE));
    return true;
  }
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  PetscBool guessed = PETSC_FALSE;
  check(KSPGetConvergedReason(ksp_, &reason));
  check(KSPGetInitialGuessNonzero(ksp_, &guessed));
  const bool broke_down = reason < 0 && reason != KSP_DIVERGED_ITS;
  if (!(verdict_ == Verdict::slow || broke_down) || kind_ == Kind::boomeramg) return false;
  kind_ = after(kind_);
  if (guessed) guess(u);
  return true;
}

}  // namespace otto
