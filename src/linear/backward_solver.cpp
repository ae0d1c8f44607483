#include "otto/linear/backward_solver.h"

#include <algorithm>
#include <cmath>

#include "assembled.h"
#include "krylov.h"

namespace otto {

namespace {

struct BackwardOptions {
  double symmetric_range = 650;  ///< of V/kT, up to which pi and its inverse are ordinary numbers
  int max_iterations = 1000;     ///< exit times of deep wells are nearly singular systems
};

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
  const bool symmetric =
      generator.symmetric() && generator.range() <= BackwardOptions{}.symmetric_range;
  if (symmetric) return solve_symmetric(generator, sigma, b, f, options);
  return BackwardSystem(generator, sigma, options).solve(b, f);
}

struct BackwardSystem::Impl {
  Impl(const Mesh& mesh, const SolverOptions& options)
      : matrix(mesh),
        krylov(mesh.comm.handle(), std::size_t(mesh.owned),
               {.prefix = "backward_",
                .rtol = options.rtol,
                .max_iterations = BackwardOptions{}.max_iterations,
                .whole = whole_mesh(mesh, options)}) {}

  AssembledMatrix matrix;
  std::vector<double> diagonal, rhs;
  KrylovSolver krylov;
};

BackwardSystem::BackwardSystem(const Generator& generator, std::span<const double> sigma,
                               SolverOptions options)
    : impl_(std::make_unique<Impl>(generator.mesh(), options)) {
  const Mesh& mesh = generator.mesh();
  std::vector<double> weights(std::size_t(mesh.owned), 0.0);
  std::ranges::copy(sigma, weights.begin());
  const auto absorption = generator.absorption();
  for (std::size_t k = 0; k < absorption.size(); ++k) weights[k] += absorption[k] / mesh.volume[k];
  impl_->matrix.set_backward(weights, generator, impl_->diagonal);
  impl_->krylov.set_matrix(impl_->matrix.mat(), impl_->matrix.mat());
}

BackwardSystem::~BackwardSystem() = default;

SolveReport BackwardSystem::solve(std::span<const double> b, std::span<double> f) {
  impl_->rhs.resize(b.size());
  for (std::size_t k = 0; k < b.size(); ++k) impl_->rhs[k] = b[k] / impl_->diagonal[k];
  return impl_->krylov.solve(impl_->rhs, f);
}

}  // namespace otto
