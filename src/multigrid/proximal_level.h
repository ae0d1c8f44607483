#pragma once
// What the V-cycle of proximal systems (proximal_cycle.cpp) keeps on every level.

#include <array>
#include <memory>
#include <vector>

#include "gathering.h"
#include "jacobian_stencil.h"
#include "otto/mesh/box_faces.h"
#include "otto/multigrid/multigrid.h"
#include "stencil_exchange.h"
#include "transfer.h"

namespace otto::multigrid {

/// One axis of P^T A P, and what it makes, unless that is the next level's matrix.
template <class Real>
struct CollapsePass {
  std::size_t axis = 0;
  Stencil<Real> to;
  Stencil<Real> beside;  ///< C_beside (collapse.h), where neighbours add to it
  StencilExchange halo;
};

/// The arrays of one level of the cycle: of the finest with halos of one cell, else of two.
template <class Real>
struct Level {
  const Hierarchy::Level* plan = nullptr;
  BlockGrid grid;
  std::vector<Real> id, x, b, t, row;
  // of the finest level only
  std::vector<Real> omega, q;
  std::array<std::vector<Real>, 3> left, right, g;
  bool one_slope = false;
  ScaledRows<Real> scaled;
  Stencil<Real> own_stencil;  ///< where it is gathered at once
  BlockExchange halo;
  StencilExchange wide_halo;  ///< as wide as the halo, corners included
  // of the others only
  Stencil<Real> stencil;
  // towards the next level
  Transfer<Real> transfer;
  std::vector<CollapsePass<Real>> passes;
  std::unique_ptr<Gathering> gathering;  ///< of a level that changes its blocks

  [[nodiscard]] LevelCoefficients<Real> coefficients() const {
    LevelCoefficients<Real> c;
    c.omega = omega.data();
    c.stride = grid.stride;
    for (std::size_t a = 0; a < 3; ++a) {
      c.left[a] = left[a].data();
      c.right[a] = one_slope ? left[a].data() : right[a].data();
      c.g[a] = g[a].data();
    }
    return c;
  }
  [[nodiscard]] std::size_t axes() const { return std::size_t(plan->op.grid.dim); }
};

/// Calls work.operator()<Dim>().
template <class Work>
void with_dimension(int dim, Work&& work) {
  if (dim == 1) work.template operator()<1>();
  if (dim == 2) work.template operator()<2>();
  if (dim == 3) work.template operator()<3>();
}

/// The geometry of the levels: cells weigh their volume, faces conduct like their transmissibility.
inline Operator geometry(const Mesh& mesh) {
  const BoxBlock& block = *mesh.box;
  Operator op;
  op.comm = mesh.comm;
  op.neighbour = block.neighbour;
  op.begin = block.begin;
  op.global = {block.cells(0), block.cells(1), block.cells(2)};
  op.grid = BlockGrid(mesh.dimension, block.size);
  op.omega.assign(op.grid.size, 0.0);
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) op.g[a].assign(op.grid.size, 0.0);
  for_each_cell(block, [&](std::int32_t cell, const BlockIndex& at) {
    op.omega[std::size_t(op.grid.index(at[0], at[1], at[2]))] = mesh.volume[std::size_t(cell)];
  });
  std::size_t face = 0;
  for_each_face(block, GhostLayers(block),
                [&](int a, const BlockIndex& at, std::int32_t, std::int32_t) {
                  op.g[std::size_t(a)][std::size_t(op.grid.index(at[0], at[1], at[2]))] =
                      mesh.faces.transmissibility[face++];
                });
  BlockExchange(op.comm, op.grid, op.neighbour)(op.omega.data());
  return op;
}

}  // namespace otto::multigrid
