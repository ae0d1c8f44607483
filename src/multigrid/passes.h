#pragma once
// Loops over a block by layers: the cells of one index along the last axis. A layer needs its two
// neighbours of the array it reads, so loops that follow one another can go through the block
// together, each one layer behind the one before it, and find their data in the cache.

#include <array>
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

/// The layers from `begin` to before `end`.
struct LayerRange {
  std::int32_t begin = 0, end = 0;
  [[nodiscard]] bool holds(std::int32_t layer) const { return layer >= begin && layer < end; }
};

/// pass(layer), ... for every layer of its range: pass number p of a layer comes after pass p - 1 of the next.
template <class... Pass>
void run_passes(const std::array<LayerRange, sizeof...(Pass)>& ranges, Pass&&... pass) {
  const std::int32_t end = ranges.back().end + std::int32_t(sizeof...(pass)) - 1;
  for (std::int32_t front = ranges.front().begin; front < end; ++front) {
    std::int32_t layer = front;
    std::size_t p = 0;
    ((ranges[p].holds(layer) ? pass(layer) : void(), --layer, ++p), ...);
  }
}
template <class... Pass>
void run_passes(std::int32_t layers, Pass&&... pass) {
  std::array<LayerRange, sizeof...(Pass)> all;
  all.fill({0, layers});
  run_passes(all, pass...);
}

/// One loop over the layers: work(layer), once the array it reads across layers has its halo.
template <class Real, class Work>
struct Pass {
  Real* reads;  ///< null: only the layer itself
  Work work;
};
template <class Real, class Work>
Pass(Real*, Work) -> Pass<Real, Work>;  // clang before 17 wants it said

/// Of P passes that follow one another, the layers that pass p makes ahead of the others at an end of the block with
/// a neighbour, so that the outermost layer is there to be exchanged for pass p + 1:  P - 1 - p.
template <class Real, class... Work>
std::array<LayerRange, sizeof...(Work)> run_ends(const BlockGrid& grid, BlockExchange& halo,
                                                 const Pass<Real, Work>&... pass) {
  const int axis = grid.dim - 1;
  const bool below = halo.any(axis, 0), above = halo.any(axis, 1);
  const std::int32_t n = layers(grid);
  std::int32_t ahead = std::int32_t(sizeof...(pass)) - 1;
  std::array<LayerRange, sizeof...(Work)> rest;
  std::size_t p = 0;
  const auto one = [&](const auto& pass_p) {
    if (pass_p.reads) halo(pass_p.reads);
    LayerRange& inner = rest[p++];
    inner = {below ? ahead : 0, above ? n - ahead : n};
    for (std::int32_t layer = 0; layer < inner.begin; ++layer) pass_p.work(layer);
    for (std::int32_t layer = inner.end; layer < n; ++layer) pass_p.work(layer);
    --ahead;
  };
  (one(pass), ...);
  return rest;
}

/// Passes that follow one another, layer by layer together: all of them where no halo has to be exchanged in between;
/// where neighbours lie along the last axis alone, once a few layers at its ends are made. Else pass by pass. The last
/// pass may read layers further back than one.
template <class Real, class... Work>
void run(const BlockGrid& grid, BlockExchange& halo, Pass<Real, Work>... pass) {
  const std::int32_t n = layers(grid), at_ends = 2 * std::int32_t(sizeof...(pass)) - 2;
  if (!halo.any()) return run_passes(n, pass.work...);
  bool along_last = grid.dim > 1 && n > at_ends;
  for (int a = 0; a + 1 < grid.dim; ++a)
    along_last = along_last && !halo.any(a, 0) && !halo.any(a, 1);
  if (along_last) return run_passes(run_ends(grid, halo, pass...), pass.work...);
  const auto one = [&](const auto& p) {
    if (p.reads) halo(p.reads);
    run_passes(n, p.work);
  };
  (one(pass), ...);
}

}  // namespace otto::multigrid
