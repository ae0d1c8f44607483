#include "otto/linear/flux_solver.h"

#include <vector>

#include "assembled.h"
#include "krylov.h"

namespace otto {

struct FluxSolver::Impl {
  Impl(const Mesh& m, SolverOptions o, Role role)
      : mesh(m),
        options(o),
        matrix(m),
        krylov(m.comm.handle(), std::size_t(m.owned),
               {.prefix = "flux_",
                .rtol = options.rtol,
                .unprefixed = role == Role::step ? KrylovControl::Unprefixed::all
                                                 : KrylovControl::Unprefixed::rtol,
                .whole = whole_mesh(m, options)}) {}

  const Mesh& mesh;
  SolverOptions options;
  AssembledMatrix matrix;
  std::vector<double> diagonal;
  std::vector<double> given;  ///< dt, omega, left, right of the matrix
  KrylovSolver krylov;
};

FluxSolver::FluxSolver(const Mesh& mesh, SolverOptions options, Role role)
    : impl_(std::make_unique<Impl>(mesh, options, role)) {}
FluxSolver::~FluxSolver() = default;

void FluxSolver::set(double dt, std::span<const double> omega, std::span<const double> left,
                     std::span<const double> right) {
  Impl& own = *impl_;
  std::vector<double> given{dt};
  for (const auto part : {omega, left, right}) given.insert(given.end(), part.begin(), part.end());
  if (!own.mesh.comm.any(given != own.given)) return;  // the preconditioner is kept
  own.given.swap(given);
  own.matrix.set_fluxes(dt, omega, left, right, own.diagonal);
  own.krylov.set_matrix(own.matrix.mat(), own.matrix.mat());
}

SolveReport FluxSolver::solve(std::span<const double> rhs, std::span<double> ds) {
  Impl& own = *impl_;
  const auto owned = std::size_t(own.mesh.owned);
  SolveReport report = own.krylov.solve(rhs.first(owned), ds.first(owned));
  for (std::size_t k = 0; k < owned; ++k) ds[k] /= own.diagonal[k];
  return report;
}

}  // namespace otto
