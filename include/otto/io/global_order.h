#pragma once
// Cells in the order of their global numbers, whatever the partition: rank r of p holds the slab
// of numbers [r n / p, (r + 1) n / p). Files in this order do not depend on the rank count.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class GlobalOrder {
 public:
  /// Collective. Throws InternalError unless the global numbers are 0 ... n-1, each once.
  explicit GlobalOrder(const Mesh& mesh);

  [[nodiscard]] std::int64_t first() const { return first_; }  ///< number of the slab's first cell
  [[nodiscard]] std::int64_t rows() const { return rows_; }    ///< cells in this rank's slab

  /// Owned values (`columns` per cell) -> values of this rank's slab. Collective.
  [[nodiscard]] std::vector<double> to_slab(std::span<const double> owned, int columns = 1) const;
  /// The inverse. Collective.
  [[nodiscard]] std::vector<double> from_slab(std::span<const double> slab, int columns = 1) const;

 private:
  std::vector<double> exchange(std::span<const double> values, int columns, bool forth) const;

  Comm comm_;
  std::int64_t first_ = 0, rows_ = 0;
  std::vector<int> mine_counts_, slab_counts_;  ///< cells to and from each rank
  std::vector<std::int64_t> mine_;              ///< owned cells, in order of their slab's rank
  std::vector<std::int64_t> slab_;              ///< places in the slab, in order of arrival
};

}  // namespace otto
