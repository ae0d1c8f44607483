#include "otto/linear/patch_system.h"

#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"

namespace otto {

PatchSystem::PatchSystem(const Transport& transport)
    : transport_(transport), mesh_(transport.mesh()) {
  for (auto* v : {&direction_, &image_, &diagonal_, &own_}) v->resize(std::size_t(mesh_.local()));
  for (auto* v : {&product_, &residual_}) v->resize(std::size_t(mesh_.owned));
}

/// H_kk = sum_j Omega_j J_jk^2 + sum_f g_f, J_kj = -+ slope / vol_k across a face.
void PatchSystem::set_diagonal(const ProximalCoefficients& c) {
  const Faces& faces = mesh_.faces;
  const auto owned = std::size_t(mesh_.owned);
  std::fill(own_.begin(), own_.end(), 1.0);
  for (std::size_t f = 0; f < c.g.size(); ++f) {
    const auto l = std::size_t(faces.left[f]), r = std::size_t(faces.right[f]);
    own_[l] += c.slope_left[f] / mesh_.volume[l];
    own_[r] -= c.slope_right[f] / mesh_.volume[r];
  }
  std::fill(image_.begin(), image_.end(), 0.0);
  for (std::size_t k = 0; k < owned; ++k) {
    image_[k] = c.omega[k];
    diagonal_[k] = c.omega[k] * own_[k] * own_[k];
  }
  mesh_.halo.update(mesh_.comm, image_);
  for (std::size_t f = 0; f < c.g.size(); ++f) {
    const auto l = std::size_t(faces.left[f]), r = std::size_t(faces.right[f]);
    const double left = c.slope_left[f] / mesh_.volume[l];
    const double right = c.slope_right[f] / mesh_.volume[r];
    diagonal_[l] += image_[r] * right * right + c.g[f];
    diagonal_[r] += image_[l] * left * left + c.g[f];
  }
}

/// product = H direction inside the patch.
void PatchSystem::apply(const ProximalCoefficients& c, std::span<const char> inside) {
  const Jacobian J(transport_, c.slope_left, c.slope_right);
  mesh_.halo.update(mesh_.comm, direction_);
  J.apply(direction_, image_);
  for (std::size_t k = 0; k < inside.size(); ++k) image_[k] *= c.omega[k] / mesh_.volume[k];
  mesh_.halo.update(mesh_.comm, image_);
  J.apply_adjoint(image_, product_, c.g, direction_);
  for (std::size_t k = 0; k < inside.size(); ++k) {
    if (inside[k] == 0) product_[k] = 0;
  }
}

SolveReport PatchSystem::solve(const ProximalCoefficients& c, std::span<const char> inside,
                               std::span<const double> b, std::span<double> x, double rtol,
                               int max_iterations) {
  const std::size_t n = inside.size();
  set_diagonal(c);
  std::fill(direction_.begin(), direction_.end(), 0.0);
  ReproducibleSum start;
  for (std::size_t k = 0; k < n; ++k) {
    x[k] = 0;
    residual_[k] = inside[k] != 0 ? b[k] : 0.0;
    if (!(diagonal_[k] > 0)) residual_[k] = 0, diagonal_[k] = 1;
    direction_[k] = residual_[k] / diagonal_[k];
    start += residual_[k] * direction_[k];
  }
  double r_z = sum_of_all(mesh_.comm, start);
  const double goal = rtol * rtol * r_z;
  SolveReport report;
  while (r_z > goal && report.iterations < max_iterations) {
    apply(c, inside);
    ReproducibleSum energy, squares;
    energy.add(n, [&](std::size_t k) { return direction_[k] * product_[k]; });
    const double alpha = r_z / sum_of_all(mesh_.comm, energy);
    if (!std::isfinite(alpha)) break;
    for (std::size_t k = 0; k < n; ++k) {
      x[k] += alpha * direction_[k];
      residual_[k] -= alpha * product_[k];
      squares += residual_[k] * residual_[k] / diagonal_[k];
    }
    const double next = sum_of_all(mesh_.comm, squares);
    const double beta = next / r_z;
    r_z = next;
    for (std::size_t k = 0; k < n; ++k) {
      direction_[k] = residual_[k] / diagonal_[k] + beta * direction_[k];
    }
    ++report.iterations;
  }
  report.converged = r_z <= goal;
  return report;
}

}  // namespace otto
