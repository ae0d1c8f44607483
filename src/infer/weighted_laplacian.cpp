#include "otto/infer/weighted_laplacian.h"

#include <algorithm>
#include <cmath>

#include "laplacian_solve.h"
#include "otto/core/error.h"
#include "otto/operators/face_rates.h"

namespace otto {

LaplacianSolve::LaplacianSolve(const Mesh& mesh, double rtol)
    : matrix_(mesh),
      solver_(mesh.comm.handle(), std::size_t(mesh.owned),
              {.prefix = "pencil_",
               .method = KSPCG,
               .rtol = rtol,
               .norm = KSP_NORM_UNPRECONDITIONED,
               .unprefixed = KrylovControl::Unprefixed::none}) {}

void LaplacianSolve::set(std::span<const double> omega, std::span<const double> g) {
  matrix_.set_symmetric(1, {}, omega, g);
  solver_.set_matrix(matrix_.mat(), matrix_.mat());
}

void LaplacianSolve::operator()(std::span<const double> b, std::span<double> x) {
  const SolveReport report = solver_.solve(b, x);
  if (!report.converged) {
    throw NumericalError("a solve with a weighted Laplacian failed: " + report.reason);
  }
}

std::vector<double> ghosted(const Mesh& mesh, std::span<const double> v) {
  std::vector<double> local(std::size_t(mesh.local()), 0.0);
  std::ranges::copy(v, local.begin());
  mesh.halo.update(mesh.comm, local);
  return local;
}

std::vector<double> floored(const Mesh& mesh, std::span<const double> R, double floor) {
  double sums[2] = {0, 0};
  for (std::size_t k = 0; k < R.size(); ++k) {
    sums[0] += mesh.volume[k] * R[k];
    sums[1] += mesh.volume[k];
  }
  mesh.comm.sum_in_place(sums);
  std::vector<double> weight(R.begin(), R.end());
  for (double& r : weight) r = std::max(r, floor * sums[0] / sums[1]);
  return ghosted(mesh, weight);
}

std::vector<double> conductances(const Mesh& mesh, std::span<const double> R) {
  std::vector<double> g(std::size_t(mesh.faces.size()));
  for (std::size_t f = 0; f < g.size(); ++f) {
    g[f] = mesh.faces.transmissibility[f] * 0.5 *
           (R[std::size_t(mesh.faces.left[f])] + R[std::size_t(mesh.faces.right[f])]);
  }
  return g;
}

SlowWaves::SlowWaves(const Mesh& mesh, std::span<const double> R, double floor) : mesh_(mesh) {
  const std::vector<double> weight = floored(mesh, R, floor);
  for (std::size_t k = 0; k < R.size(); ++k) M_.push_back(mesh.volume[k] * weight[k]);
  g_ = conductances(mesh, weight);
}

void SlowWaves::apply(std::span<const double> v, double w, std::span<double> out) const {
  const std::size_t n = v.size();
  const std::span<double> Av = out.first(n);
  std::vector<double> flux(g_.size());
  face_fluxes(mesh_, g_, g_, ghosted(mesh_, v), flux);
  std::ranges::fill(Av, 0.0);
  add_divergence(mesh_, 1, flux, Av);
  for (std::size_t k = 0; k < n; ++k) {
    out[k] /= std::sqrt(M_[k]);
    out[n + k] = w * std::sqrt(M_[k]) * v[k];
  }
}

std::vector<double> solve_weighted_laplacian(const Mesh& mesh, std::span<const double> R,
                                             std::span<const double> rhs, double floor) {
  constexpr double rtol = 1e-8, shift = 1e-10;  // the shift holds the constant
  const std::vector<double> weight = floored(mesh, R, floor);
  double mass = 0, volume = 0;
  for (std::size_t k = 0; k < R.size(); ++k)
    mass += mesh.volume[k] * weight[k], volume += mesh.volume[k];
  const double mean = mesh.comm.sum(mass) / mesh.comm.sum(volume);
  std::vector<double> omega(R.size());
  for (std::size_t k = 0; k < omega.size(); ++k) omega[k] = shift * mean * mesh.volume[k];
  LaplacianSolve solve(mesh, rtol);
  solve.set(omega, conductances(mesh, weight));
  std::vector<double> V(rhs.size());
  solve(rhs, V);
  double sum = 0;
  mass = 0;
  for (std::size_t k = 0; k < V.size(); ++k) {
    sum += mesh.volume[k] * weight[k] * V[k];
    mass += mesh.volume[k] * weight[k];
  }
  const double level = mesh.comm.sum(sum) / mesh.comm.sum(mass);
  for (double& v : V) v -= level;
  return V;
}

}  // namespace otto
