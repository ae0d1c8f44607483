#pragma once
// Values between the blocks of a box and slabs across one axis, which is how parallel Fourier
// transforms are laid out.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

class SlabExchange {
 public:
  /// For every owned cell the rank of its slab and its place in that rank's array. Collective.
  SlabExchange(const Comm& comm, std::span<const int> rank, std::span<const std::int64_t> place);

  /// slab[place of cell] = owned[cell]; other entries are left alone. Collective.
  void to_slab(std::span<const double> owned, std::span<double> slab) const;
  /// owned[cell] = slab[place of cell]. Collective.
  void from_slab(std::span<const double> slab, std::span<double> owned) const;

 private:
  Comm comm_;
  std::vector<int> cell_counts_, slab_counts_, cell_starts_, slab_starts_;
  std::vector<std::size_t> cells_;    ///< owned cells in the order they are sent
  std::vector<std::int64_t> places_;  ///< where what arrives belongs
  mutable std::vector<double> cell_buffer_, slab_buffer_;
};

}  // namespace otto
