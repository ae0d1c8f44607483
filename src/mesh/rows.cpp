#include "otto/mesh/rows.h"

namespace otto {

std::int64_t rows_per_group(const Box& box) {
  constexpr std::int64_t max_group = 8;  // more gain nothing
  std::int64_t group = 1;
  while (group < max_group && 2 * group * min_row_groups <= box.cells(1)) group *= 2;
  return group;
}

RowBlock rows_of(const Mesh& mesh) {
  if (!mesh.box) return {.length = std::size_t(mesh.owned)};
  const BoxBlock& b = *mesh.box;
  return {.length = std::size_t(b.size[0]),
          .rows = std::size_t(b.size[1]),
          .planes = std::size_t(b.size[2]),
          .first = b.begin[1],
          .group = rows_per_group(b.box)};
}

}  // namespace otto
