#pragma once
// Cells in rows, as on a rank's block of a box, and which rows are added up before sums are made that
// do not depend on the partition (reproducible_sum.h): `group` rows of a plane that follow one another
// from a global row number on that `group` divides. Blocks that begin at such rows add up the same
// groups, whatever the ranks, and a sum costs little more than a plain one.

#include <cstddef>
#include <cstdint>

namespace otto {

struct RowBlock {
  std::size_t length = 0, rows = 1, planes = 1;  ///< cells of a row, rows of a plane
  std::int64_t first = 0;                        ///< global number of each plane's first row
  std::int64_t group = 1;

  /// visit(first cell, rows) for every group.
  template <class Visit>
  void for_each_group(Visit&& visit) const {
    for (std::size_t k = 0; k < planes; ++k) {
      for (std::size_t j = 0; j < rows;) {
        const auto left = std::size_t(group - (first + std::int64_t(j)) % group);
        const std::size_t count = left < rows - j ? left : rows - j;
        visit(length * (j + rows * k), count);
        j += count;
      }
    }
  }
};

}  // namespace otto
