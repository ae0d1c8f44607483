#pragma once
// Cells whose centres nearly coincide, as circumcentres of two right-angled triangles that share their
// long side do. A potential moved along d_t phi = 1/2 |grad phi|^2 cell by cell gets differences
// between them that no slope explains, and the face between them, of transmissibility area/distance,
// makes a torrent of each. Both get the mean of what is added to them.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class CloseCells {
 public:
  /// Keeps a reference to `mesh`. On a box, and between medians, there are none. Collective.
  explicit CloseCells(const Mesh& mesh);

  /// after = before + the mean of after - before, by volume, over a cell and those close to it. Owned +
  /// ghosts, all up to date before, after too. Collective.
  void even_out(std::span<const double> before, std::span<double> after) const;

 private:
  const Mesh& mesh_;
  std::vector<std::int32_t> faces_;  ///< between them
  bool any_ = false;                 ///< on some rank
};

}  // namespace otto
