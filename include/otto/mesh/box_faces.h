#pragma once
// The orders in which a box block's cells, layers and faces are visited. The mesh builder writes
// its arrays in these orders and the box solvers read them in the same ones.

#include <array>
#include <cstdint>

#include "otto/mesh/box.h"

namespace otto {

using BlockIndex = std::array<std::int32_t, 3>;  ///< (i, j, k) inside the block

inline std::int32_t local_cell(const BoxBlock& b, const BlockIndex& at) {
  return at[0] + b.size[0] * (at[1] + b.size[1] * at[2]);
}

/// visit(local cell, (i, j, k)), x fastest.
template <class Visit>
void for_each_cell(const BoxBlock& b, Visit&& visit) {
  std::int32_t cell = 0;
  for (std::int32_t k = 0; k < b.size[2]; ++k) {
    for (std::int32_t j = 0; j < b.size[1]; ++j) {
      for (std::int32_t i = 0; i < b.size[0]; ++i) visit(cell++, BlockIndex{i, j, k});
    }
  }
}

/// The owned cells along the lower (side 0) or upper (side 1) end of an axis:
/// visit(slot, (i, j, k)), slots counted from 0, the lower remaining axis fastest.
template <class Visit>
void for_each_in_layer(const BoxBlock& b, int axis, int side, Visit&& visit) {
  BlockIndex low{0, 0, 0}, high = b.size;
  const auto a = static_cast<std::size_t>(axis);
  low[a] = side == 0 ? 0 : b.size[a] - 1;
  high[a] = low[a] + 1;
  std::int32_t slot = 0;
  for (std::int32_t k = low[2]; k < high[2]; ++k) {
    for (std::int32_t j = low[1]; j < high[1]; ++j) {
      for (std::int32_t i = low[0]; i < high[0]; ++i) visit(slot++, BlockIndex{i, j, k});
    }
  }
}

/// Where the ghosts of each side begin in the local numbering; -1 at a wall.
struct GhostLayers {
  explicit GhostLayers(const BoxBlock& b) {
    const std::int32_t owned = b.size[0] * b.size[1] * b.size[2];
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t side = 0; side < 2; ++side) {
        const bool ghosts = int(a) < b.box.dimension && b.neighbour[a][side] >= 0;
        first[a][side] = ghosts ? owned + total : -1;
        if (ghosts) total += owned / b.size[a];
      }
    }
  }
  std::array<std::array<std::int32_t, 2>, 3> first{};
  std::int32_t total = 0;
};

/// Every face with an owned cell, axis by axis: visit(axis, at, left, right), where `at` is the
/// index of the cell above the face (at[axis] in 0 .. size[axis], the last one for the upper end).
/// Walls have no such face.
template <class Visit>
void for_each_face(const BoxBlock& b, const GhostLayers& ghosts, Visit&& visit) {
  const std::array<std::int32_t, 3> stride{1, b.size[0], b.size[0] * b.size[1]};
  for (std::size_t a = 0; a < static_cast<std::size_t>(b.box.dimension); ++a) {
    BlockIndex size = b.size;
    ++size[a];
    const std::size_t u = a == 0 ? 1 : 0, v = a == 2 ? 1 : 2;  // the other axes, lower first
    for (std::int32_t k = 0; k < size[2]; ++k) {
      for (std::int32_t j = 0; j < size[1]; ++j) {
        for (std::int32_t i = 0; i < size[0]; ++i) {
          const BlockIndex at{i, j, k};
          const std::int32_t upper = i + stride[1] * j + stride[2] * k;
          const std::int32_t slot = at[u] + b.size[u] * at[v];
          std::int32_t left = upper - stride[a], right = upper;
          if (at[a] == 0) {
            if (ghosts.first[a][0] < 0) continue;
            left = ghosts.first[a][0] + slot;
          } else if (at[a] == b.size[a]) {
            if (ghosts.first[a][1] < 0) continue;
            right = ghosts.first[a][1] + slot;
          }
          visit(int(a), at, left, right);
        }
      }
    }
  }
}

}  // namespace otto
