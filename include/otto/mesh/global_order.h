#pragma once
// Cells in the order of their global numbers, whatever the partition: rank r of p holds the slab
// of numbers [r n / p, (r + 1) n / p). Files in this order do not depend on the rank count. With a unit u
// slabs are as long as units allow: they begin at multiples of u, as Blocks of that size do (core/blocks.h).

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class GlobalOrder {
 public:
  /// Takes the values of consecutive cells, the first of which has the number `first`.
  using Sink = std::function<void(std::int64_t first, std::span<const double> values)>;

  /// Collective. Throws InternalError unless the global numbers are 0 ... n-1, each once.
  explicit GlobalOrder(const Mesh& mesh, std::int64_t unit = 1);

  [[nodiscard]] std::int64_t first() const { return first_; }  ///< number of the slab's first cell
  [[nodiscard]] std::int64_t rows() const { return rows_; }    ///< cells in this rank's slab

  /// Owned values (`columns` per cell) -> values of this rank's slab. Collective.
  [[nodiscard]] std::vector<double> to_slab(std::span<const double> owned, int columns = 1) const;
  /// The inverse. Collective.
  [[nodiscard]] std::vector<double> from_slab(std::span<const double> slab, int columns = 1) const;
  /// Owned values (`columns` per cell), handed to `sink` as those of this rank's slab, in order, in pieces
  /// of at most `max_rows` rows that live until it returns. Takes memory for a piece, not for the slab: fresh
  /// pages cost more than what a sink does with them. `sink` neither throws nor communicates.
  /// Collective; `max_rows` is the same on every rank.
  void stream(std::span<const double> owned, const Sink& sink, int columns = 1,
              std::int64_t max_rows = 1 << 17) const;

 private:
  /// Cells with consecutive numbers that lie one after the other on both sides.
  struct Run {
    std::int32_t at = 0;     ///< the first on this rank: an owned cell, or a row of the slab
    std::int32_t row = 0;    ///< the first in the slab that holds them
    std::int32_t count = 0;  ///< cells
  };
  /// The runs between this rank and every other, grouped by the other, by row within a group.
  struct Side {
    std::vector<Run> runs;
    std::vector<int> run_counts, cell_counts;  ///< of each group
  };
  class Walk;

  [[nodiscard]] std::int64_t start_of(std::int64_t rank) const;
  void find_runs(const Mesh& mesh);
  void share_runs();
  void check_slab() const;
  [[nodiscard]] std::vector<double> exchange(std::span<const double> values, int columns,
                                             bool forth) const;

  Comm comm_;
  std::int64_t cells_ = 0, unit_ = 1, first_ = 0, rows_ = 0;
  Side mine_, slab_;
  bool straight_ = false;  ///< on every rank the owned cells are the slab, in order
};

}  // namespace otto
