#pragma once
// The lowest way over V from a set A to a set B, from cell to cell across faces:
//
//   h_K = max(V_K, min over the neighbours L of h_L),   h_K = V_K in A,
//
// is the highest V on the best way to K, and the least h in B the height of the pass between the sets.

#include <span>

#include "otto/analysis/observables.h"

namespace otto {

struct LowestWay {
  double pass = 0;                    ///< the highest V on the way
  Point saddle{};                     ///< the centre of the cell that has it
  double bottom_a = 0, bottom_b = 0;  ///< the least V in A and in B
};

/// Sides stand for the cells beside them. `V`: owned + ghosts. Collective; every rank gets the same.
LowestWay lowest_way(const Mesh& mesh, std::span<const double> V, const Target& a, const Target& b);

}  // namespace otto
