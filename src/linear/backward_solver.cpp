#include "otto/linear/backward_solver.h"

#include <algorithm>
#include <cmath>

#include "assembled.h"
#include "krylov.h"

namespace otto {

namespace {

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

SolveReport solve_assembled(const Generator& generator, std::span<const double> sigma,
                            std::span<const double> b, std::span<double> f,
                            const SolverOptions& options) {
  const Mesh& mesh = generator.mesh();
  AssembledMatrix matrix(mesh);
  std::vector<double> weights(b.size(), 0.0), diagonal;
  std::ranges::copy(sigma, weights.begin());
  const auto absorption = generator.absorption();
  for (std::size_t k = 0; k < absorption.size(); ++k) weights[k] += absorption[k] / mesh.volume[k];
  matrix.set_backward(weights, generator, diagonal);
  std::vector<double> rhs(b.size());
  for (std::size_t k = 0; k < b.size(); ++k) rhs[k] = b[k] / diagonal[k];
  KrylovSolver krylov(mesh.comm.handle(), std::size_t(mesh.owned),
                      {.prefix = "backward_", .rtol = options.rtol, .max_iterations = 1000});
  krylov.set_matrix(matrix.mat(), matrix.mat());
  return krylov.solve(rhs, f);
}

}  // namespace

SolveReport solve_backward(const Generator& generator, std::span<const double> sigma,
                           std::span<const double> b, std::span<double> f, SolverOptions options) {
  const bool symmetric = generator.symmetric() && generator.range() <= symmetric_range;
  return symmetric ? solve_symmetric(generator, sigma, b, f, options)
                   : solve_assembled(generator, sigma, b, f, options);
}

}  // namespace otto
