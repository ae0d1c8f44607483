#include "otto/linear/jacobian_solver.h"

#include <petscksp.h>

#include <utility>

#include "assembled.h"
#include "vector_arrays.h"

namespace otto {

namespace {

constexpr double accuracy = 1e-10;

}  // namespace

struct JacobianSolver::Impl {
  explicit Impl(const Transport& t)
      : transport(t),
        mesh(t.mesh()),
        sweep(t),
        exact(!mesh.comm.any(mesh.ghosts > 0)),
        field(std::size_t(mesh.local())) {}

  const Transport& transport;
  const Mesh& mesh;
  JacobianSweep sweep;
  bool exact;  ///< upwind factors are: no cell has a neighbour the sweep does not see
  std::span<const double> phi;
  double d = 0;
  const Factors* factors = nullptr;
  std::span<const double> size;  ///< of the adjoint solve under way
  bool have_slopes = false, adjoint = false;
  std::vector<double> left, right, field, scaled;
  Work work;
  MatOwner shell;
  PetscOwner<KSP, KSPDestroy> ksp;
  VecOwner b, x;

  void make_ksp();
  void multiply(std::span<const double> in, std::span<double> out);
  void precondition(std::span<const double> in, std::span<double> out);
  bool solve(bool transposed, std::span<const double> rhs, std::span<double> out);
};

void JacobianSolver::Impl::make_ksp() {
  const MPI_Comm comm = mesh.comm.handle();
  left.resize(std::size_t(mesh.faces.size()));
  right.resize(left.size());
  scaled.resize(std::size_t(mesh.owned));
  for (auto* v : {&b, &x}) check(VecCreateMPI(comm, mesh.owned, PETSC_DETERMINE, v->out()));
  check(MatCreateShell(comm, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE, this,
                       shell.out()));
  const auto multiply = [](Mat A, Vec in, Vec out) -> PetscErrorCode {
    void* self = nullptr;
    PetscCall(MatShellGetContext(A, &self));
    with_arrays(in, out, [&](auto from, auto to) { static_cast<Impl*>(self)->multiply(from, to); });
    return 0;
  };
  const auto precondition = [](PC pc, Vec in, Vec out) -> PetscErrorCode {
    void* self = nullptr;
    PetscCall(PCShellGetContext(pc, &self));
    with_arrays(in, out,
                [&](auto from, auto to) { static_cast<Impl*>(self)->precondition(from, to); });
    return 0;
  };
  using Multiply = PetscErrorCode (*)(Mat, Vec, Vec);
  check(MatShellSetOperation(shell, MATOP_MULT,
                             reinterpret_cast<void (*)()>(static_cast<Multiply>(multiply))));
  check(KSPCreate(comm, ksp.out()));
  check(KSPSetOptionsPrefix(ksp, "transport_"));
  check(KSPSetOperators(ksp, shell, shell));
  check(KSPSetType(ksp, KSPGMRES));
  check(KSPSetPCSide(ksp, PC_RIGHT));
  check(KSPSetTolerances(ksp, accuracy, 1e-300, 1e30, 300));
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  check(PCSetType(pc, PCSHELL));
  check(PCShellSetContext(pc, this));
  check(PCShellSetApply(pc, precondition));
  check(KSPSetFromOptions(ksp));
}

/// J in, or S^-1 J^T S in with S = diag(size).
void JacobianSolver::Impl::multiply(std::span<const double> in, std::span<double> out) {
  const Jacobian J(transport, left, right);
  for (std::size_t k = 0; k < in.size(); ++k) {
    field[k] = adjoint ? in[k] * size[k] / mesh.volume[k] : in[k];
  }
  mesh.halo.update(mesh.comm, field);
  if (!adjoint) return J.apply(field, out);
  J.apply_adjoint(field, out);
  for (std::size_t k = 0; k < in.size(); ++k) out[k] /= size[k];
}

void JacobianSolver::Impl::precondition(std::span<const double> in, std::span<double> out) {
  ++work.sweeps;
  if (!adjoint) return sweep.solve(phi, d, *factors, in, out);
  for (std::size_t k = 0; k < in.size(); ++k) scaled[k] = in[k] * size[k];
  sweep.solve_adjoint(phi, d, *factors, scaled, out);
  for (std::size_t k = 0; k < in.size(); ++k) out[k] /= size[k];
}

bool JacobianSolver::Impl::solve(bool transposed, std::span<const double> rhs,
                                 std::span<double> out) {
  ++work.solves;
  adjoint = transposed;
  const auto owned = std::size_t(mesh.owned);
  if (exact && factors->upwind) {
    ++work.sweeps;
    if (transposed) {
      sweep.solve_adjoint(phi, d, *factors, rhs.first(owned), out.first(owned));
    } else {
      sweep.solve(phi, d, *factors, rhs.first(owned), out.first(owned));
    }
    return true;
  }
  if (!ksp) make_ksp();
  if (!have_slopes) transport.slopes(phi, d, left, right);
  have_slopes = true;
  const auto result = out.first(owned);
  if (!transposed) return solve_with(ksp, b, x, rhs.first(owned), result).converged;
  for (std::size_t k = 0; k < owned; ++k) field[k] = rhs[k] / size[k];
  const bool converged =
      solve_with(ksp, b, x, std::span<const double>(field).first(owned), result).converged;
  for (std::size_t k = 0; k < owned; ++k) result[k] *= size[k];
  return converged;
}

JacobianSolver::JacobianSolver(const Transport& transport)
    : impl_(std::make_unique<Impl>(transport)) {}
JacobianSolver::~JacobianSolver() = default;

void JacobianSolver::factor(std::span<const double> phi, double d, Factors& factors) const {
  impl_->sweep.factor(phi, d, factors);
}

void JacobianSolver::set(std::span<const double> phi, double d, const Factors& factors) {
  impl_->phi = phi;
  impl_->d = d;
  impl_->factors = &factors;
  impl_->have_slopes = false;
}

bool JacobianSolver::solve(std::span<const double> b, std::span<double> x) {
  return impl_->solve(false, b, x);
}
bool JacobianSolver::solve_adjoint(std::span<const double> b, std::span<const double> size,
                                   std::span<double> x) {
  impl_->size = size;
  return impl_->solve(true, b, x);
}

JacobianSolver::Work JacobianSolver::take_work() { return std::exchange(impl_->work, {}); }

}  // namespace otto
