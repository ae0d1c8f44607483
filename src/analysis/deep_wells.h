#pragma once
// Wells a density leaves so rarely that no solve in double precision of all cells at once sees it.

#include <cstdint>
#include <vector>

#include "outlets.h"

namespace otto {

struct DeepWells {
  int count = 0;
  /// Of owned + ghost cells: the well in whose core the cell lies, or -1. A core is what is
  /// connected with the bottom of the well at `core_depth` below the lowest way out, at least the
  /// bottom itself.
  std::vector<int> core = {};
  std::int64_t largest = 0;  ///< cells of the largest core
};

/// The wells whose every way to a deeper one, or out through an absorbing side, climbs by more than
/// `depth` (in kT); a well that others lead to counts as well. Heights are those of the faces,
///
///   H_f = V_K / kT - log(forward_f / (a_f kT)),        the same from both sides.
///
/// An outlet is a way out; what is cut off from all is left out. None on meshes of more than ten million cells.
/// Collective.
DeepWells find_deep_wells(const Generator& generator, const Outlets& outlets, double depth,
                          double core_depth);

}  // namespace otto
