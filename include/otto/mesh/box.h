#pragma once
// Boxes: tensor-product cells in 1, 2 or 3 dimensions, cut into one block per rank.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

struct Mesh;
class Section;

/// A box before it is distributed. Axes beyond `dimension` have one cell [0, 1].
struct Box {
  int dimension = 1;  ///< 1, 2 or 3
  /// Cell boundaries along each axis, increasing; cells[a] = nodes[a].size() - 1.
  std::array<std::vector<double>, 3> nodes{{{0, 1}, {0, 1}, {0, 1}}};
  std::array<bool, 3> periodic{};  ///< per axis; else walls without flux

  /// Number of cells along an axis.
  [[nodiscard]] std::int64_t cells(int axis) const {
    return static_cast<std::int64_t>(nodes[static_cast<std::size_t>(axis)].size()) - 1;
  }
};

/// Cell boundaries of [lower, upper] in `cells` cells whose widths grow geometrically, the last
/// being `ratio` times the first (1: equal widths).
std::vector<double> graded_nodes(double lower, double upper, std::int64_t cells, double ratio);

/// This rank's part of a box. Owned cell (i, j, k) of the block, 0 <= i < size[0], ..., has local
/// index i + size[0] * (j + size[1] * k) and global number I + N0 * (J + N1 * K), where
/// I = begin[0] + i and N the global cell counts.
struct BoxBlock {
  Box box;                                    ///< the whole
  std::array<int, 3> ranks{1, 1, 1};          ///< process grid
  std::array<int, 3> place{0, 0, 0};          ///< this rank's place in it
  std::array<std::int64_t, 3> begin{};        ///< first global cell per axis
  std::array<std::int32_t, 3> size{1, 1, 1};  ///< owned cells per axis
  /// Rank of the neighbour below [0] and above [1] along each axis; -1 at a wall. May be this rank
  /// itself (periodic axis cut once).
  std::array<std::array<int, 2>, 3> neighbour{};
  /// Axes along which all cell widths are equal (to rounding).
  std::array<bool, 3> uniform{true, true, true};

  /// Number of cells of the whole box along an axis.
  [[nodiscard]] std::int64_t cells(int axis) const { return box.cells(axis); }
  /// Of the cells with that global index along an axis.
  [[nodiscard]] double width(int axis, std::int64_t global_index) const;
  /// First global cell of each part along `axis` (ranks[axis] + 1 entries). Parts begin at
  /// multiples of a power of two where the sizes allow, so that coarse grids stay aligned.
  [[nodiscard]] std::vector<std::int64_t> cuts(int axis) const;
};

/// Distributes a box. Collective.
std::shared_ptr<const BoxBlock> cut_box(const Comm& comm, const Box& box);
/// The finite-volume topology of this rank's block. Collective.
Mesh make_box_mesh(const Comm& comm, const Box& box);
/// Reads the keys of [mesh] for kind = "box". Throws InputError.
Box read_box(const Section& section);

}  // namespace otto
