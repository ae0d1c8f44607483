#pragma once
// Which cell of a box holds a point.

#include <cstdint>
#include <span>

#include "otto/mesh/box.h"

namespace otto {

struct Located {
  bool inside = false;     ///< of the box of all ranks
  std::int32_t cell = -1;  ///< owned cell of this block; -1: another rank's, or outside
};
/// `x` has one coordinate per axis. The upper end of an axis belongs to its last cell; periodic
/// axes wrap around. nan is outside.
Located locate(const BoxBlock& block, std::span<const double> x);

}  // namespace otto
