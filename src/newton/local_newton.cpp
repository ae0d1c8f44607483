// Newton's method on patches. Near a free boundary, and in tails, a few cells may hold nearly all
// of what is left of the equations, since they are the least linear: one that fills, or empties, in
// this step. More iterations on all cells would wait for them. So the same Newton iteration is made
// on these cells and two rings of their neighbours alone, the others held (nonlinear elimination;
// Lanzkron, Rose and Wilkes 1996), with the same search along its direction: it is an iterate like
// any other, and taken only where it is better by the same measure.

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "proximal_iteration.h"

namespace otto {

namespace {

/// Powers of 2 below the largest by which cells are told apart.
constexpr std::size_t bins = 40;

}  // namespace

/// The least error of the cells that together hold the part `held_part` of all; infinity where they
/// are more than `max_part` of the cells.
double ProximalNewton::Impl::patch_threshold() const {
  double largest = 0;
  for (const double e : now.error) largest = std::max(largest, e);
  largest = mesh.comm.max(largest);
  std::vector<ReproducibleSum> parts(2 * bins);  // errors, cells
  for (const double e : now.error) {
    const auto bin = std::size_t(std::clamp(std::floor(std::log2(largest / e)), 0.0, bins - 1.0));
    parts[bin] += e;
    parts[bins + bin] += 1;
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  double total = 0, held = 0, count = 0;
  for (std::size_t i = 0; i < bins; ++i) total += sums[i];
  for (std::size_t i = 0; i < bins; ++i) {
    held += sums[i];
    count += sums[bins + i];
    if (count > control.patch_part * double(mesh.global_cells)) break;
    if (held >= control.patch_share * total) return std::ldexp(largest, -int(i) - 1);
  }
  return std::numeric_limits<double>::infinity();
}

/// `ring` cells more of every patch, in a field of ones and zeros (owned + ghosts).
void ProximalNewton::Impl::grow_patch(std::vector<double>& in) {
  mesh.halo.update(mesh.comm, in);
  z.assign(owned, 0.0);
  for (std::size_t f = 0; f < faces; ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    if (in[l] > 0 && r < owned) z[r] = 1;
    if (in[r] > 0 && l < owned) z[l] = 1;
  }
  for (std::size_t k = 0; k < owned; ++k) in[k] = std::max(in[k], z[k]);
}

/// dphi inside the patch, drho there and in one ring more. False where there is no patch.
bool ProximalNewton::Impl::patch_direction() {
  const double from = patch_threshold();
  if (!std::isfinite(from)) return false;
  std::vector<double> in(local, 0.0);
  for (std::size_t k = 0; k < owned; ++k) in[k] = now.error[k] >= from ? 1 : 0;
  for (int ring = 0; ring < control.patch_rings; ++ring) grow_patch(in);
  std::vector<char> inside(owned);
  for (std::size_t k = 0; k < owned; ++k) inside[k] = in[k] > 0 ? 1 : 0;
  grow_patch(in);
  const ProximalCoefficients c = linearise();
  const Jacobian J(transport, c.slope_left, c.slope_right);
  for (std::size_t k = 0; k < owned; ++k) field[k] = in[k] * now.inverse[k] * now.g[k];
  mesh.halo.update(mesh.comm, field);
  J.apply_adjoint(field, rhs);
  for (std::size_t k = 0; k < owned; ++k) rhs[k] = now.r[k] - rhs[k];
  report.patch_iterations +=
      patch.solve(c, inside, rhs, dphi, control.patch_rtol, control.patch_linear).iterations;
  std::ranges::copy(dphi, field.begin());
  mesh.halo.update(mesh.comm, field);
  J.apply(field, drho);
  for (std::size_t k = 0; k < owned; ++k) {
    drho[k] = in[k] * now.inverse[k] * (drho[k] + now.g[k]);
  }
  return true;
}

void ProximalNewton::Impl::iterate_patches() {
  on_patch = true;
  for (int k = 0; k < control.patch_steps; ++k) {
    const double goal = std::max(tolerance, now.floor), before = now.optimality;
    if (now.optimality <= goal || !std::isfinite(before)) break;
    if (!patch_direction() || !search()) break;
  }
  on_patch = false;
}

}  // namespace otto
