#include "otto/linear/backward_solver.h"

#include <petscksp.h>

#include <algorithm>
#include <cmath>

#include "assembled.h"

namespace otto {

namespace {

using KspOwner = PetscOwner<KSP, KSPDestroy>;

constexpr double symmetric_range = 650;  // of V/kT: pi and its inverse are ordinary numbers

SolveReport solve_symmetric(const Generator& generator, std::span<const double> sigma,
                            std::span<const double> b, std::span<double> f,
                            const SolverOptions& options) {
  const std::vector<double> pi = gibbs_weights(generator);
  std::vector<double> rhs(b.size()), rho(b.size(), 0.0), weights(b.size(), 0.0);
  std::ranges::copy(sigma, weights.begin());
  for (std::size_t k = 0; k < b.size(); ++k) rhs[k] = b[k] * pi[k];
  ShiftedSolver solver(generator, options);
  const SolveReport report = solver.solve(1, weights, rhs, rho);
  for (std::size_t k = 0; k < b.size(); ++k) f[k] = rho[k] / pi[k];
  return report;
}

}  // namespace

SolveReport solve_backward(const Generator& generator, std::span<const double> sigma,
                           std::span<const double> b, std::span<double> f, SolverOptions options) {
  const bool symmetric = generator.symmetric() && generator.range() <= symmetric_range;
  if (symmetric) return solve_symmetric(generator, sigma, b, f, options);
  return BackwardSystem(generator, sigma, options).solve(b, f);
}

struct BackwardSystem::Impl {
  explicit Impl(const Mesh& mesh) : matrix(mesh) {}

  AssembledMatrix matrix;
  std::vector<double> diagonal;
  VecOwner rhs, x;
  KspOwner ksp;
};

BackwardSystem::BackwardSystem(const Generator& generator, std::span<const double> sigma,
                               SolverOptions options)
    : impl_(std::make_unique<Impl>(generator.mesh())) {
  const Mesh& mesh = generator.mesh();
  const MPI_Comm comm = mesh.comm.handle();
  std::vector<double> weights(std::size_t(mesh.owned), 0.0);
  std::ranges::copy(sigma, weights.begin());
  const auto absorption = generator.absorption();
  for (std::size_t k = 0; k < absorption.size(); ++k) weights[k] += absorption[k] / mesh.volume[k];
  impl_->matrix.set_backward(weights, generator, impl_->diagonal);
  for (auto* v : {&impl_->rhs, &impl_->x}) {
    check(VecCreateMPI(comm, mesh.owned, PETSC_DETERMINE, v->out()));
  }
  PC pc = nullptr;
  KspOwner& ksp = impl_->ksp;
  check(KSPCreate(comm, ksp.out()));
  check(KSPSetOperators(ksp, impl_->matrix.mat(), impl_->matrix.mat()));
  check(KSPSetType(ksp, KSPGMRES));
  check(KSPGMRESSetRestart(ksp, 60));
  check(KSPSetPCSide(ksp, PC_RIGHT));
  check(KSPSetTolerances(ksp, options.rtol, 1e-300, 1e30, 1000));
  check(KSPGetPC(ksp, &pc));
  check(PCSetType(pc, PCHYPRE));
  check(KSPSetFromOptions(ksp));
}

BackwardSystem::~BackwardSystem() = default;

SolveReport BackwardSystem::solve(std::span<const double> b, std::span<double> f) {
  Impl& s = *impl_;
  double* in = nullptr;
  check(VecGetArrayWrite(s.rhs, &in));
  for (std::size_t k = 0; k < b.size(); ++k) in[k] = b[k] / s.diagonal[k];
  check(VecRestoreArrayWrite(s.rhs, &in));
  check(KSPSolve(s.ksp, s.rhs, s.x));
  SolveReport report;
  KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
  PetscInt iterations = 0;
  check(KSPGetConvergedReason(s.ksp, &reason));
  check(KSPGetIterationNumber(s.ksp, &iterations));
  check(KSPGetResidualNorm(s.ksp, &report.relative_residual));
  report.converged = reason > 0;
  report.iterations = int(iterations);
  report.reason = KSPConvergedReasons[reason];
  const double* out = nullptr;
  check(VecGetArrayRead(s.x, &out));
  std::copy_n(out, f.size(), f.begin());
  check(VecRestoreArrayRead(s.x, &out));
  return report;
}

}  // namespace otto
