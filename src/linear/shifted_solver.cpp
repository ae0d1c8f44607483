#include "otto/linear/shifted_solver.h"

#include <petscksp.h>

#include <algorithm>
#include <cmath>

#include "assembled.h"
#include "face_rows.h"
#include "flush_tiny_numbers.h"
#include "gibbs_operator.h"
#include "krylov.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/linear/reproducible_vector.h"
#include "otto/mesh/rows.h"
#include "otto/multigrid/box_operator.h"
#include "otto/multigrid/multigrid.h"
#include "otto/operators/fourth_order.h"
#include "preconditioners.h"
#include "vector_arrays.h"
#include "whole_matrix.h"

namespace otto {

namespace {

const Declare declare{{{.path = "solver", .doc = "The linear systems of a time step."}},
                      {{.path = "solver.rtol",
                        .type = Type::real,
                        .doc = "Relative tolerance of every linear solve, on the 2-norm of the "
                               "cells' masses. Proximal steps end at "
                               "an optimality of rtol/10 or 1e-9, whichever is less.",
                        .fallback = "1e-8",
                        .range = {.min = 0, .max = 1, .above = true, .below = true},
                        .equation = "||b - A rho|| <= rtol ||b||"}}};

constexpr KrylovControl defaults{.prefix = "shifted_"};

using KspOwner = PetscOwner<KSP, KSPDestroy>;

template <class Operator>
PetscErrorCode multiply(Mat A, Vec u, Vec y) {
  void* context = nullptr;
  PetscCall(MatShellGetContext(A, &context));
  const double* in = nullptr;
  double* out = nullptr;
  PetscCall(VecGetArrayRead(u, &in));
  PetscCall(VecGetArrayWrite(y, &out));
  static_cast<Operator*>(context)->apply(in, out);
  PetscCall(VecRestoreArrayWrite(y, &out));
  PetscCall(VecRestoreArrayRead(u, &in));
  return 0;
}

/// The scaled operator of a flux of fourth order, (diag(vol sigma) - c M Q) D^-1.
struct WideOperator {
  explicit WideOperator(const Generator& g) : generator(g) {}

  const Generator& generator;
  double c = 0;
  std::vector<double> omega, diagonal;  ///< vol sigma; D
  std::vector<double> rho, out;         ///< room: owned + ghosts, owned

  void apply(const double* y, double* result) {
    const Mesh& mesh = generator.mesh();
    rho.resize(std::size_t(mesh.local()));
    out.resize(std::size_t(mesh.owned));
    for (std::size_t k = 0; k < out.size(); ++k) rho[k] = y[k] / diagonal[k];
    mesh.halo.update(mesh.comm, rho);
    generator.apply(rho, out);
    for (std::size_t k = 0; k < out.size(); ++k) result[k] = omega[k] * rho[k] - c * out[k];
  }
};

}  // namespace

SolverOptions read_solver(const Section& solver) { return {.rtol = solver.real("rtol")}; }

void refuse_irreproducible(const SolverOptions& options, const std::string& method) {
  if (!options.reproducible) return;
  throw NumericalError("this system is solved by " + method +
                       ", whose last digits depend on the number of ranks: run.reproducible cannot "
                       "be kept (docs/ranks.md); take one of the two out");
}

std::vector<double> gibbs_weights(const Generator& generator) {
  return gibbs_weights(generator.mesh().comm, generator.external(), generator.temperature());
}

struct ShiftedSolver::Impl {
  Impl(const Generator& g, SolverOptions o) : generator(g), mesh(g.mesh()), options(o) {
    const MPI_Comm comm = mesh.comm.handle();
    for (auto* v : {&b, &u}) {
      check(VecCreateMPI(comm, mesh.owned, PETSC_DETERMINE, v->out()));
      make_reproducible(*v, rows_of(mesh));
    }
    assemble_always = !mesh.box || user_option(defaults.prefix, "-pc_type");
  }

  const Generator& generator;
  const Mesh& mesh;
  SolverOptions options;
  bool assemble_always = false;  ///< the user chose a preconditioner, or there is no box
  bool symmetric = false;        ///< the form of the present system
  long version = -1;             ///< of the rates the present system was made from
  double c = -1;
  bool ones = true;                ///< sigma was empty
  std::vector<double> with_exits;  ///< sigma + c k / vol, where mass is absorbed

  std::vector<double> pi;        ///< exp(-(V - V_mid)/kT) of owned cells, symmetric form
  std::vector<double> diagonal;  ///< scaled form: rho = y / diagonal
  std::vector<double> conductance;
  std::unique_ptr<multigrid::Hierarchy> hierarchy;
  std::unique_ptr<multigrid::BoxOperator> box_operator;
  std::unique_ptr<multigrid::Cycle> cycle;
  std::unique_ptr<AssembledMatrix> assembled;
  std::unique_ptr<WideOperator>
      wide;  ///< with fluxes of fourth order; `assembled` preconditions it
  std::unique_ptr<Preconditioners> preconditioners;  ///< of the matrix-free system
  std::unique_ptr<WholeSystem> whole;  ///< in place of `assembled` in a KSP of its own
  MatOwner gathered;                   ///< `assembled` on the first rank
  MatOwner shell;
  KspOwner ksp;
  VecOwner b, u;
  double user_rtol = -1;
  /// Of a checkpoint, for the first matrix if it has this c.
  struct Kept {
    double c = -1;
    int choice = 0;
  } kept;

  [[nodiscard]] bool matrix_free() const { return symmetric && !assemble_always; }

  void prepare(double new_c, std::span<const double> sigma);
  void use_rates();
  void make_hierarchy();
  void make_ksp();
  multigrid::SparseMatrix rows();
  Mat assemble(const WholeRows* rows);
  void make_shell(void* context, PetscErrorCode (*product)(Mat, Vec, Vec));
  void set_operators();
  std::span<const double> add_exits(std::span<const double> sigma);
  void discard_bad_guess();
  SolveReport solve(double c, std::span<const double> sigma, std::span<const double> rhs,
                    std::span<double> rho, double rtol);
};

/// Gibbs weights and conductances g = forward pi_K (= backward pi_L), or the general form.
void ShiftedSolver::Impl::use_rates() {
  const bool was_symmetric = symmetric, first = version < 0;
  version = generator.version();
  symmetric = generator.symmetric() && generator.range() <= symmetric_range;
  c = -1;
  if (symmetric) {
    pi = gibbs_weights(generator);
    conductance = gibbs_conductances(mesh, pi, generator.forward(), generator.backward(), 1);
    if (!assemble_always) make_hierarchy();
  }
  if (!matrix_free() && !assembled) assembled = std::make_unique<AssembledMatrix>(mesh);
  if (first || was_symmetric != symmetric) make_ksp();
}

void ShiftedSolver::Impl::make_hierarchy() {
  cycle.reset();
  box_operator.reset();
  hierarchy = std::make_unique<multigrid::Hierarchy>(gibbs_operator(mesh, pi, conductance));
  cycle = multigrid::make_cycle(*hierarchy, generator.range() <= single_range);
  box_operator = std::make_unique<multigrid::BoxOperator>(hierarchy->levels.front().op);
  if (shell) check(MatShellSetContext(shell, box_operator.get()));
}

void ShiftedSolver::Impl::make_shell(void* context, PetscErrorCode (*product)(Mat, Vec, Vec)) {
  check(MatCreateShell(mesh.comm.handle(), mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE,
                       context, shell.out()));
  check(MatShellSetOperation(shell, MATOP_MULT, reinterpret_cast<void (*)()>(product)));
}

void ShiftedSolver::Impl::make_ksp() {
  const MPI_Comm comm = mesh.comm.handle();
  check(KSPCreate(comm, ksp.out()));
  check(KSPSetInitialGuessNonzero(ksp, PETSC_TRUE));
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  if (matrix_free()) {
    make_shell(box_operator.get(), multiply<multigrid::BoxOperator>);
    check(KSPSetOperators(ksp, shell, shell));
    preconditioners = std::make_unique<Preconditioners>(
        mesh, options,
        [this](const double* r, double scale, double* z) { cycle->apply(r, scale, z); },
        [this] { return rows(); }, [this](const WholeRows* rows) { return assemble(rows); });
    preconditioners->attach(ksp);
  } else {
    if (generator.correction() && !wide) {
      wide = std::make_unique<WideOperator>(generator);
      make_shell(wide.get(), multiply<WideOperator>);
    }
    if (whole_mesh(mesh, options)) {
      whole = std::make_unique<WholeSystem>(mesh, PCHYPRE, defaults.prefix, true);
    } else {
      check(KSPSetOperators(ksp, wide ? Mat(shell) : assembled->mat(), assembled->mat()));
      check(PCSetType(pc, PCHYPRE));
    }
  }
  KrylovControl control = defaults;
  control.rtol = options.rtol;
  if (symmetric) {
    control.method = KSPCG;
    control.norm = KSP_NORM_UNPRECONDITIONED;
  }
  set_method(ksp, control);
  check(KSPSetFromOptions(ksp));
  take_prefixed_options(ksp, control.prefix);
  user_rtol = otto::user_rtol(control);
  if (whole && !matrix_free()) whole->attach(ksp);
}

/// The KSP of an assembled matrix gets its present entries.
void ShiftedSolver::Impl::set_operators() {
  if (!whole) {
    check(KSPSetOperators(ksp, wide ? Mat(shell) : assembled->mat(), assembled->mat()));
    return;
  }
  whole->set(assembled->mat(), assembled->mat());
  const Mat product = wide ? Mat(shell) : whole->shell();
  check(KSPSetOperators(ksp, product, product));
}

void ShiftedSolver::Impl::prepare(double new_c, std::span<const double> sigma) {
  if (mesh.comm.any(generator.version() != version)) use_rates();
  if (new_c == c && ones && sigma.empty()) return;
  c = new_c;
  ones = sigma.empty();
  if (generator.absorbs()) sigma = add_exits(sigma);
  if (matrix_free()) {
    box_operator->set(c, sigma);
    cycle->set(c, sigma);
    preconditioners->changed(true);  // what a resumed run does not know of has no say
    if (c == kept.c) preconditioners->choose(kept.choice);
    kept = {};
    return;
  }
  if (symmetric) {
    std::vector<double> omega(std::size_t(mesh.owned));
    for (std::size_t k = 0; k < omega.size(); ++k) omega[k] = mesh.volume[k] * pi[k];
    assembled->set_symmetric(c, sigma, omega, conductance);
  } else {
    assembled->set_scaled(c, sigma, generator, diagonal);
  }
  if (wide) {
    wide->c = c;
    wide->diagonal = diagonal;
    wide->omega.assign(mesh.volume.begin(), mesh.volume.begin() + mesh.owned);
    for (std::size_t k = 0; k < sigma.size(); ++k) wide->omega[k] *= sigma[k];
  }
  set_operators();
}

/// The matrix-free system with its entries.
multigrid::SparseMatrix ShiftedSolver::Impl::rows() {
  std::vector<double> own(box_operator->mass().begin(), box_operator->mass().end());
  own.resize(std::size_t(mesh.local()));
  std::vector<double> minus(conductance.size());
  for (std::size_t f = 0; f < conductance.size(); ++f) {
    const double cg = c * conductance[f];
    own[std::size_t(mesh.faces.left[f])] += cg;
    own[std::size_t(mesh.faces.right[f])] += cg;
    minus[f] = -cg;
  }
  const FaceRows faces(mesh);
  return multigrid::make_matrix(mesh.comm, faces.numbers(), faces.rows(own, minus, minus));
}

/// The same for PETSc.
Mat ShiftedSolver::Impl::assemble(const WholeRows* rows) {
  if (!assembled) assembled = std::make_unique<AssembledMatrix>(mesh);
  assembled->set_symmetric(c, {}, box_operator->mass(), conductance);
  if (rows) gathered = rows->gather(assembled->mat());
  return rows ? Mat(gathered) : assembled->mat();
}

/// Absorption enters as a weight: vol sigma + c k = vol (sigma + c k / vol).
std::span<const double> ShiftedSolver::Impl::add_exits(std::span<const double> sigma) {
  const auto k = generator.absorption();
  with_exits.resize(k.size());
  for (std::size_t i = 0; i < k.size(); ++i) {
    with_exits[i] = (sigma.empty() ? 1 : sigma[i]) + c * k[i] / mesh.volume[i];
  }
  return with_exits;
}

/// Where rates are huge, a guess that is off by little in rho has a residual that drowns b; zero is
/// then the better start.
void ShiftedSolver::Impl::discard_bad_guess() {
  VecOwner residual;
  check(VecDuplicate(b, residual.out()));
  Mat A = nullptr;
  check(KSPGetOperators(ksp, &A, nullptr));
  check(MatResidual(A, b, u, residual));
  PetscReal of_guess = 0, of_zero = 0;
  check(VecNorm(residual, NORM_INFINITY, &of_guess));
  check(VecNorm(b, NORM_INFINITY, &of_zero));
  if (!(of_guess <= of_zero)) check(VecSet(u, 0));
}

SolveReport ShiftedSolver::Impl::solve(double new_c, std::span<const double> sigma,
                                       std::span<const double> rhs, std::span<double> rho,
                                       double rtol) {
  fault_point("solve");
  const FlushTinyNumbers flush;
  prepare(new_c, sigma);
  const auto owned = std::size_t(mesh.owned);
  // rho = pi u, or D^-1 u in the scaled form.
  const auto guess = [&](Vec into) {
    double* x = nullptr;
    check(VecGetArrayWrite(into, &x));
    if (symmetric) {
      for (std::size_t k = 0; k < owned; ++k) x[k] = rho[k] / pi[k];
    } else {
      for (std::size_t k = 0; k < owned; ++k) x[k] = rho[k] / (1 / diagonal[k]);
    }
    check(VecRestoreArrayWrite(into, &x));
  };
  const BorrowedArray borrowed(b, rhs);
  check(KSPSetTolerances(ksp, rtol, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  SolveReport report;
  if (matrix_free()) {
    report = preconditioners->solve(b, u, rtol, guess);
  } else {
    guess(u);
    if (!symmetric) discard_bad_guess();
    check(KSPSolve(ksp, b, u));
    report = report_of(ksp);
  }
  PetscReal norm = 0;
  check(VecNorm(b, NORM_2, &norm));
  if (norm > 0) report.relative_residual /= norm;

  const double* solution = nullptr;
  check(VecGetArrayRead(u, &solution));
  if (symmetric) {
    for (std::size_t k = 0; k < owned; ++k) rho[k] = solution[k] * pi[k];
  } else {
    for (std::size_t k = 0; k < owned; ++k) rho[k] = solution[k] * (1 / diagonal[k]);
  }
  check(VecRestoreArrayRead(u, &solution));
  return report;
}

ShiftedSolver::ShiftedSolver(const Generator& generator, SolverOptions options)
    : impl_(std::make_unique<Impl>(generator, options)) {}
ShiftedSolver::~ShiftedSolver() = default;
ShiftedSolver::ShiftedSolver(ShiftedSolver&&) noexcept = default;

void ShiftedSolver::remember(Archive& archive) {
  const Impl& now = *impl_;
  if (now.generator.depends_on_time() || !archive.holds("c")) return;
  Impl::Kept kept = now.kept;  // where there has been no solve since it was loaded
  if (now.preconditioners && now.c >= 0) kept = {now.c, now.preconditioners->choice()};
  archive.number("c", kept.c);
  archive.number("choice", kept.choice);
  if (archive.loading()) impl_->kept = kept;
}

double ShiftedSolver::rtol() const {
  return impl_->user_rtol > 0 ? impl_->user_rtol : impl_->options.rtol;
}

SolveReport ShiftedSolver::solve(double c, std::span<const double> sigma, std::span<const double> b,
                                 std::span<double> rho) {
  return impl_->solve(c, sigma, b, rho, rtol());
}

SolveReport ShiftedSolver::solve(double c, std::span<const double> sigma, std::span<const double> b,
                                 std::span<double> rho, double rtol) {
  const double user = impl_->user_rtol;
  return impl_->solve(c, sigma, b, rho, user > 0 ? std::min(rtol, user) : rtol);
}

}  // namespace otto
