// CG on sum_L g_KL (psi_K - psi_L) = vol_K rate_K with g = a (rho_K + rho_L)/2, preconditioned by
// the multigrid of the Fokker-Planck solves: its Gibbs mass is vol rho here, times a small shift
// that makes the coarsest level regular. b.psi grows towards the energy from below and its error is
// of the order of the residual squared.

#include "otto/linear/kinetic_energy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "otto/mesh/box_faces.h"
#include "otto/multigrid/box_operator.h"
#include "otto/multigrid/multigrid.h"

namespace otto {

namespace {

constexpr double shift = 1e-7;      ///< mass against conductance, over the whole box
constexpr double tolerance = 1e-7;  ///< on the residual's norm by the preconditioner
constexpr int most_iterations = 400;

multigrid::Operator weighted_laplacian(const Mesh& mesh, std::span<const double> density) {
  const BoxBlock& block = *mesh.box;
  multigrid::Operator op;
  op.comm = mesh.comm;
  op.neighbour = block.neighbour;
  op.begin = block.begin;
  op.global = {block.cells(0), block.cells(1), block.cells(2)};
  op.grid = multigrid::BlockGrid(mesh.dimension, block.size);
  op.omega.assign(op.grid.size, 0.0);
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) op.g[a].assign(op.grid.size, 0.0);
  const auto local = [&](const BlockIndex& at) {
    return std::size_t(op.grid.index(at[0], at[1], at[2]));
  };
  double most = 0;
  std::size_t f = 0;
  for_each_face(block, GhostLayers(block),
                [&](int a, const BlockIndex& at, std::int32_t left, std::int32_t right) {
                  const double g = mesh.faces.transmissibility[f++] * 0.5 *
                                   (density[std::size_t(left)] + density[std::size_t(right)]);
                  op.g[std::size_t(a)][local(at)] = g;
                  most = std::max(most, g);
                });
  const double mass = integral(mesh, density.first(std::size_t(mesh.owned)));
  const double unit = shift * mesh.comm.max(most) / mass;
  for_each_cell(block, [&](std::int32_t cell, const BlockIndex& at) {
    op.omega[local(at)] = unit * mesh.volume[std::size_t(cell)] * density[std::size_t(cell)];
  });
  multigrid::BlockExchange(op.comm, op.grid, op.neighbour)(op.omega.data());
  return op;
}

double dot(const Comm& comm, const std::vector<double>& x, const std::vector<double>& y) {
  return comm.sum(std::inner_product(x.begin(), x.end(), y.begin(), 0.0));
}

/// Takes the part along constants out of a vector, rounding having left some.
void remove_mean(const Mesh& mesh, std::vector<double>& x) {
  const double sum = mesh.comm.sum(std::accumulate(x.begin(), x.end(), 0.0));
  for (double& v : x) v -= sum / double(mesh.global_cells);
}

}  // namespace

double least_kinetic_energy(const Mesh& mesh, std::span<const double> density,
                            std::span<const double> rate) {
  const multigrid::Hierarchy hierarchy(weighted_laplacian(mesh, density));
  const auto cycle = multigrid::make_cycle(hierarchy, false);
  cycle->set(1, {});
  multigrid::BoxOperator A(hierarchy.levels.front().op);
  const auto n = std::size_t(mesh.owned);
  A.set(1, std::vector<double>(n, 0.0));
  std::vector<double> r(n), z(n), p(n), y(n);
  for (std::size_t i = 0; i < n; ++i) r[i] = mesh.volume[i] * rate[i];
  remove_mean(mesh, r);
  double energy = 0, before = 0, first = 0;
  for (int i = 0; i < most_iterations; ++i) {
    cycle->apply(r.data(), std::sqrt(dot(mesh.comm, r, r)), z.data());
    remove_mean(mesh, z);
    const double now = dot(mesh.comm, r, z);
    if (i == 0) first = now;
    if (!(now > tolerance * tolerance * first)) return energy;
    const double beta = i == 0 ? 0 : now / before;
    for (std::size_t k = 0; k < n; ++k) p[k] = z[k] + beta * p[k];
    A.apply(p.data(), y.data());
    const double alpha = now / dot(mesh.comm, p, y);
    for (std::size_t k = 0; k < n; ++k) r[k] -= alpha * y[k];
    energy += alpha * now;  // b.psi grows by this much
    before = now;
  }
  return std::numeric_limits<double>::infinity();
}

}  // namespace otto
