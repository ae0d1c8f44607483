#include "quotient.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "otto/linear/shifted_solver.h"

namespace otto {

Quotient::Quotient(const Generator& generator)
    : generator_(generator), mesh_(generator.mesh()), pi_(gibbs_weights(generator)) {}

double Quotient::conductance(std::size_t f) const {
  // of the two equal products, the one that loses nothing to underflow
  const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
  return pi_[l] < pi_[r] ? generator_.forward()[f] * pi_[l] : generator_.backward()[f] * pi_[r];
}

void Quotient::judge(Mode& mode) const {
  const auto owned = std::size_t(mesh_.owned);
  std::vector<double> u = mode.shape, Lu(owned, 0.0);
  u.resize(std::size_t(mesh_.local()));
  mesh_.halo.update(mesh_.comm, u);
  std::array<ReproducibleSum, 2> parts;  // energy, norm
  for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double flux = conductance(f) * (u[l] - u[r]);
    if (l < owned) Lu[l] += flux;
    if (r < owned) Lu[r] -= flux;
    if (counts(f)) parts[0] += flux * (u[l] - u[r]);
  }
  const auto absorption = generator_.absorption();
  for (std::size_t k = 0; k < absorption.size(); ++k) {
    Lu[k] += absorption[k] * pi_[k] * u[k];
    parts[0] += absorption[k] * pi_[k] * u[k] * u[k];
  }
  parts[1].add(owned, [&](std::size_t k) { return omega(k) * u[k] * u[k]; });
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  mode.rate = sums[0] / sums[1];
  ReproducibleSum square;
  for (std::size_t k = 0; k < owned; ++k) {
    const double r = Lu[k] - mode.rate * omega(k) * u[k];
    if (r != 0) square += r / omega(k) * r;
  }
  const double residual = std::sqrt(sum_of_all(mesh_.comm, square) / sums[1]);
  mode.residual = residual / mode.rate;
}

void Quotient::normalise(std::vector<double>& u) const {
  std::array<ReproducibleSum, 3> parts;  // omega u^2, omega, omega u w(x)
  for (std::size_t k = 0; k < u.size(); ++k) {
    const Point& x = mesh_.center[k];
    const double s = x[0] + 0.618 * x[1] + 0.414 * x[2];
    parts[0] += omega(k) * u[k] * u[k];
    parts[1] += omega(k);
    parts[2] += omega(k) * u[k] * s * (1 + 0.271 * s * (1 + 0.577 * s));
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  const double factor = std::copysign(std::sqrt(sums[1] / sums[0]), sums[2]);
  for (double& v : u) v *= factor;
}

}  // namespace otto
