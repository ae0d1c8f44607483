#pragma once
// Matrices of the cells with one entry per face and row, as the rows of the algebraic multigrid.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"
#include "otto/multigrid/sparse_matrix.h"

namespace otto {

class FaceRows {
 public:
  /// Keeps a reference to `mesh`. Collective.
  explicit FaceRows(const Mesh& mesh);

  /// For the face K|L, left to right: entry (K, L) = left_right, (L, K) = right_left; none where it is 0. `diagonal`: of
  /// the owned cells.
  [[nodiscard]] multigrid::Rows<double> rows(std::span<const double> diagonal,
                                             std::span<const double> left_right,
                                             std::span<const double> right_left) const;
  /// The columns of these rows: the owned cells, and those beside them; keys are the cells' global numbers.
  [[nodiscard]] const multigrid::ColumnNumbers& numbers() const { return numbers_; }

 private:
  const Mesh& mesh_;
  multigrid::ColumnNumbers numbers_;
  std::vector<std::int32_t> column_;  ///< of every local cell
};

}  // namespace otto
