// CG on sum_L g_KL (psi_K - psi_L) = vol_K rate_K with g = a (rho_K + rho_L)/2, preconditioned by
// the multigrid of the Fokker-Planck solves: its Gibbs mass is vol rho here, times a small shift
// that makes the coarsest level regular. b.psi grows towards the energy from below and its error is
// of the order of the residual squared.

#include "otto/linear/kinetic_energy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "gibbs_operator.h"
#include "krylov.h"
#include "otto/core/reproducible_sum.h"
#include "otto/mesh/box_faces.h"
#include "otto/multigrid/box_operator.h"
#include "otto/multigrid/multigrid.h"

namespace otto {

namespace {

struct KineticOptions {
  double shift =
      1e-7;  ///< mass against conductance over the whole box: what makes the level regular
             ///< changes the energy by less than its tolerance
};

/// Densities full of holes take some hundred iterations, since nothing replaces the cycle. The norm is the preconditioned one: the error of b.psi is its square, 1e-14 of the energy.
KrylovControl control() {
  return {.prefix = "kinetic_",
          .method = KSPCG,
          .rtol = 1e-7,
          .max_iterations = 400,
          .norm = KSP_NORM_NATURAL,
          .unprefixed = KrylovControl::Unprefixed::none};
}

multigrid::Operator weighted_laplacian(const Mesh& mesh, std::span<const double> density) {
  const BoxBlock& block = *mesh.box;
  multigrid::Operator op = zero_operator(mesh);
  const auto local = [&](const BlockIndex& at) {
    return std::size_t(op.grid.index(at[0], at[1], at[2]));
  };
  double max = 0;
  std::size_t f = 0;
  for_each_face(block, GhostLayers(block),
                [&](int a, const BlockIndex& at, std::int32_t left, std::int32_t right) {
                  const double g = mesh.faces.transmissibility[f++] * 0.5 *
                                   (density[std::size_t(left)] + density[std::size_t(right)]);
                  op.g[std::size_t(a)][local(at)] = g;
                  max = std::max(max, g);
                });
  const double mass = integral(mesh, density.first(std::size_t(mesh.owned)));
  const double unit = KineticOptions{}.shift * mesh.comm.max(max) / mass;
  for_each_cell(block, [&](std::int32_t cell, const BlockIndex& at) {
    op.omega[local(at)] = unit * mesh.volume[std::size_t(cell)] * density[std::size_t(cell)];
  });
  multigrid::BlockExchange(op.comm, op.grid, op.neighbour)(op.omega.data());
  return op;
}

double dot(const Comm& comm, std::span<const double> x, std::span<const double> y) {
  ReproducibleSum sum;
  sum.add(x.size(), [&](std::size_t i) { return x[i] * y[i]; });
  return sum_of_all(comm, sum);
}

/// Takes the part along constants out of a vector, rounding having left some.
void remove_mean(const Mesh& mesh, std::span<double> x) {
  ReproducibleSum sum;
  sum.add(x);
  const double mean = sum_of_all(mesh.comm, sum) / double(mesh.global_cells);
  for (double& v : x) v -= mean;
}

}  // namespace

double min_kinetic_energy(const Mesh& mesh, std::span<const double> density,
                          std::span<const double> rate) {
  const multigrid::Hierarchy hierarchy(weighted_laplacian(mesh, density));
  const auto cycle = multigrid::make_cycle(hierarchy, false);
  cycle->set(1, {});
  multigrid::BoxOperator A(hierarchy.levels.front().op);
  const auto n = std::size_t(mesh.owned);
  A.set(1, std::vector<double>(n, 0.0));
  std::vector<double> b(n), psi(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = mesh.volume[i] * rate[i];
  remove_mean(mesh, b);
  KrylovSolver krylov(
      mesh.comm.handle(), n, control(),
      [&](std::span<const double> x, std::span<double> y) { A.apply(x.data(), y.data()); },
      [&](std::span<const double> r, std::span<double> z) {
        cycle->apply(r.data(), std::sqrt(dot(mesh.comm, r, r)), z.data());
        remove_mean(mesh, z);
      });
  if (!krylov.solve(b, psi).converged) return std::numeric_limits<double>::infinity();
  return dot(mesh.comm, b, psi);
}

}  // namespace otto
