#include "otto/linear/flux_solver.h"

#include <petscksp.h>

#include <vector>

#include "assembled.h"
#include "vector_arrays.h"

namespace otto {

struct FluxSolver::Impl {
  Impl(const Mesh& m, SolverOptions options) : mesh(m), matrix(m) {
    const MPI_Comm comm = mesh.comm.handle();
    for (auto* v : {&b, &y}) check(VecCreateMPI(comm, mesh.owned, PETSC_DETERMINE, v->out()));
    make_gmres(comm, ksp.out(), options);
  }

  const Mesh& mesh;
  AssembledMatrix matrix;
  std::vector<double> diagonal;
  PetscOwner<KSP, KSPDestroy> ksp;
  VecOwner b, y;
};

FluxSolver::FluxSolver(const Mesh& mesh, SolverOptions options)
    : impl_(std::make_unique<Impl>(mesh, options)) {}
FluxSolver::~FluxSolver() = default;

void FluxSolver::set(double dt, std::span<const double> omega, std::span<const double> left,
                     std::span<const double> right) {
  impl_->matrix.set_fluxes(dt, omega, left, right, impl_->diagonal);
  check(KSPSetOperators(impl_->ksp, impl_->matrix.mat(), impl_->matrix.mat()));
}

SolveReport FluxSolver::solve(std::span<const double> rhs, std::span<double> ds) {
  Impl& own = *impl_;
  const auto owned = std::size_t(own.mesh.owned);
  double* in = nullptr;
  check(VecGetArrayWrite(own.b, &in));
  std::copy_n(rhs.begin(), owned, in);
  check(VecRestoreArrayWrite(own.b, &in));
  check(KSPSolve(own.ksp, own.b, own.y));
  SolveReport report;
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  PetscInt iterations = 0;
  PetscReal residual = 0, norm = 0;
  check(KSPGetConvergedReason(own.ksp, &reason));
  check(KSPGetIterationNumber(own.ksp, &iterations));
  check(KSPGetResidualNorm(own.ksp, &residual));
  check(VecNorm(own.b, NORM_2, &norm));
  report.converged = reason > 0;
  report.iterations = int(iterations);
  report.relative_residual = norm > 0 ? residual / norm : residual;
  report.reason = KSPConvergedReasons[reason];
  const double* y = nullptr;
  check(VecGetArrayRead(own.y, &y));
  for (std::size_t k = 0; k < owned; ++k) ds[k] = y[k] / own.diagonal[k];
  check(VecRestoreArrayRead(own.y, &y));
  return report;
}

}  // namespace otto
