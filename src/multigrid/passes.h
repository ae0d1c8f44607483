#pragma once
// Loops over a block by layers: the cells of one index along the last axis. A layer needs its two
// neighbours of the array it reads, so loops that follow one another can go through the block
// together, each one layer behind the one before it, and find their data in the cache.

#include <cstddef>
#include <cstdint>

#include "otto/multigrid/block_grid.h"

namespace otto::multigrid {

/// Layers of a block: planes in 3-D, rows in 2-D, all of it in 1-D.
inline std::int32_t layers(const BlockGrid& grid) {
  return grid.dim == 1 ? 1 : grid.n[std::size_t(grid.dim) - 1];
}

/// visit(offset of the row's first cell, j, k) for every row of a layer.
template <class Visit>
void for_each_row(const BlockGrid& grid, std::int32_t layer, Visit&& visit) {
  if (grid.dim < 3) return visit(grid.index(0, layer, 0), layer, 0);
  for (std::int32_t j = 0; j < grid.n[1]; ++j) visit(grid.index(0, j, layer), j, layer);
}

/// visit(offset of the row's first cell) for every row of the block.
template <class Visit>
void for_each_row(const BlockGrid& grid, Visit&& visit) {
  for (std::int32_t layer = 0; layer < layers(grid); ++layer) {
    for_each_row(grid, layer, [&](std::ptrdiff_t o, int, int) { visit(o); });
  }
}

/// visit(offset of the row's first cell, j, k) for every row of the block.
template <class Visit>
void for_each_row_at(const BlockGrid& grid, Visit&& visit) {
  for (std::int32_t layer = 0; layer < layers(grid); ++layer) for_each_row(grid, layer, visit);
}

/// pass(layer), ... for every layer: pass number p of a layer comes after pass p - 1 of the next.
template <class... Pass>
void run_passes(std::int32_t layers, Pass&&... pass) {
  for (std::int32_t front = 0; front < layers + std::int32_t(sizeof...(pass)) - 1; ++front) {
    std::int32_t layer = front;
    ((layer >= 0 && layer < layers ? pass(layer) : void(), --layer), ...);
  }
}

/// One loop over the layers: work(layer), once the array it reads across layers has its halo.
template <class Real, class Work>
struct Pass {
  Real* reads;  ///< null: only the layer itself
  Work work;
};
template <class Real, class Work>
Pass(Real*, Work) -> Pass<Real, Work>;  // clang before 17 wants it said

/// Passes that follow one another: layer by layer together where no halo has to be exchanged
/// between them.
template <class Real, class... Work>
void run(const BlockGrid& grid, BlockExchange& halo, Pass<Real, Work>... pass) {
  const std::int32_t n = layers(grid);
  if (!halo.any()) return run_passes(n, pass.work...);
  const auto one = [&](const auto& p) {
    if (p.reads) halo(p.reads);
    run_passes(n, p.work);
  };
  (one(pass), ...);
}

}  // namespace otto::multigrid
