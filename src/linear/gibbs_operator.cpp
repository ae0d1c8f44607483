#include "gibbs_operator.h"

#include <algorithm>
#include <cmath>

#include "otto/mesh/box_faces.h"

namespace otto {

std::vector<double> gibbs_weights(const Comm& comm, std::span<const double> V, double kT) {
  const auto [low, high] = std::ranges::minmax(V);
  const double middle = 0.5 * (comm.min(low) + comm.max(high));
  std::vector<double> pi(V.size());
  std::ranges::transform(V, pi.begin(), [&](double v) { return std::exp((middle - v) / kT); });
  return pi;
}

/// Of the two equal products, the one whose factors are larger loses nothing to underflow.
std::vector<double> gibbs_conductances(const Mesh& mesh, std::span<const double> pi,
                                       std::span<const double> forward,
                                       std::span<const double> backward, double sign) {
  std::vector<double> g(forward.size());
  for (std::size_t f = 0; f < g.size(); ++f) {
    const auto l = std::size_t(mesh.faces.left[f]), r = std::size_t(mesh.faces.right[f]);
    g[f] = pi[l] < pi[r] ? forward[f] * pi[l] : sign * backward[f] * pi[r];
  }
  return g;
}

multigrid::Operator zero_operator(const Mesh& mesh) {
  const BoxBlock& block = *mesh.box;
  multigrid::Operator op;
  op.comm = mesh.comm;
  op.neighbour = block.neighbour;
  op.begin = block.begin;
  op.global = {block.cells(0), block.cells(1), block.cells(2)};
  op.grid = multigrid::BlockGrid(mesh.dimension, block.size);
  op.omega.assign(op.grid.size, 0.0);
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) op.g[a].assign(op.grid.size, 0.0);
  return op;
}

multigrid::Operator gibbs_operator(const Mesh& mesh, std::span<const double> pi,
                                   std::span<const double> conductance) {
  const BoxBlock& block = *mesh.box;
  multigrid::Operator op = zero_operator(mesh);
  for_each_cell(block, [&](std::int32_t cell, const BlockIndex& at) {
    op.omega[std::size_t(op.grid.index(at[0], at[1], at[2]))] =
        mesh.volume[std::size_t(cell)] * pi[std::size_t(cell)];
  });
  std::size_t face = 0;
  for_each_face(
      block, GhostLayers(block), [&](int a, const BlockIndex& at, std::int32_t, std::int32_t) {
        op.g[std::size_t(a)][std::size_t(op.grid.index(at[0], at[1], at[2]))] = conductance[face++];
      });
  multigrid::BlockExchange(op.comm, op.grid, op.neighbour)(op.omega.data());
  return op;
}

}  // namespace otto
