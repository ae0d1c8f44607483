#pragma once
// The cells of a box as a network sees them: in blocks of 256 by their global numbers, shared evenly among the ranks
// whatever part of the box each has. A block is always worked on as a whole and by one rank, so that what the
// network gives for a cell, and every sum of its derivatives over cells, has the same bits on any number of ranks.

#include <memory>
#include <span>
#include <vector>

#include "otto/core/blocks.h"
#include "otto/mesh/global_order.h"
#include "otto/network/network.h"

namespace otto {

/// "In blocks" are values of this rank's blocks, in the order of global numbers.
class CellBlocks {
 public:
  static constexpr std::int64_t size = 256;

  /// Collective.
  explicit CellBlocks(const Mesh& mesh);

  [[nodiscard]] const Comm& comm() const { return comm_; }
  [[nodiscard]] const Blocks& blocks() const { return blocks_; }
  /// Number of the first of this rank's cells in blocks.
  [[nodiscard]] std::int64_t first() const { return order_.first(); }
  /// Centres, in blocks.
  [[nodiscard]] std::span<const Point> points() const { return points_; }

  /// Values of owned cells in blocks, and back. Collective.
  [[nodiscard]] std::vector<double> to_blocks(std::span<const double> owned) const {
    return order_.to_slab(owned);
  }
  [[nodiscard]] std::vector<double> to_cells(std::span<const double> in_blocks) const {
    return order_.from_slab(in_blocks);
  }
  /// U at the centres of the owned cells. Collective.
  [[nodiscard]] std::vector<double> evaluate(const Network& network) const;

 private:
  Comm comm_;
  Blocks blocks_;
  GlobalOrder order_;
  std::vector<Point> points_;
};

/// U linearised at the centres of some cells. Values are those of the chosen cells of this rank's blocks, in order.
class CellJacobian {
 public:
  /// `chosen`: in blocks. Keeps a reference to `cells`. Collective.
  CellJacobian(const CellBlocks& cells, const Network& network, const std::vector<char>& chosen);

  /// Those of `in_blocks` that were chosen.
  [[nodiscard]] std::vector<double> picked(std::span<const double> in_blocks) const;
  /// The reverse: 0 where none was chosen.
  [[nodiscard]] std::vector<double> spread(std::span<const double> chosen) const;

  /// dU = J s. Collective.
  void apply(std::span<const double> s, std::span<double> dU) const;
  /// J^T c, of all ranks. Collective.
  [[nodiscard]] std::vector<double> adjoint(std::span<const double> c) const;
  [[nodiscard]] std::vector<LayerShape> layers() const { return layers_; }
  /// sum_i c_i h_i h_i^T (columns x columns), then sum_i c_i D_i D_i^T (outputs x outputs) of a layer, of
  /// all ranks. Collective.
  [[nodiscard]] std::vector<double> moments(std::size_t layer, std::span<const double> c) const;

 private:
  const CellBlocks& cells_;
  std::size_t parameters_;
  std::vector<std::size_t> places_;  ///< in blocks, of the chosen cells
  std::vector<std::size_t> first_;   ///< chosen cell of each of this rank's blocks; and the end
  std::vector<std::unique_ptr<Linearisation>>
      parts_;  ///< of each block; null where none was chosen
  std::vector<LayerShape> layers_;
};

}  // namespace otto
