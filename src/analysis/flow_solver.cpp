#include "flow_solver.h"

#include <fmt/format.h>

#include "otto/core/error.h"

namespace otto {

FlowSolver::FlowSolver(const Mesh& mesh)
    : matrix_(mesh),
      krylov_(mesh.comm.handle(), std::size_t(mesh.owned),
              {.prefix = "flow_",
               .method = KSPLGMRES,
               .norm = KSP_NORM_PRECONDITIONED,
               .unprefixed = KrylovControl::Unprefixed::rtol}) {}

void FlowSolver::set(std::span<const double> diagonal, std::span<const double> left_right,
                     std::span<const double> right_left) {
  matrix_.set(diagonal, left_right, right_left);
  krylov_.set_matrix(matrix_.mat(), matrix_.mat());
}

void FlowSolver::solve(std::span<const double> b, std::span<double> w, double rtol,
                       const char* what) {
  const SolveReport report = krylov_.solve(b, w, rtol);
  if (report.converged) return;
  throw NumericalError(fmt::format("the solve for the {} failed: {}", what, report.reason));
}

}  // namespace otto
