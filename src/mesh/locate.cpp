#include "otto/mesh/locate.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace otto {

namespace {

/// Global cell along one axis that holds x; -1 outside.
std::int64_t cell_along(const BoxBlock& block, std::size_t axis, double x) {
  const auto& nodes = block.box.nodes[axis];
  if (block.box.periodic[axis]) {
    const double L = nodes.back() - nodes.front();
    x -= L * std::floor((x - nodes.front()) / L);
  }
  if (!(x >= nodes.front() && x <= nodes.back())) return -1;
  const auto above = std::ranges::upper_bound(nodes, x) - nodes.begin();
  return std::min<std::int64_t>(above - 1, block.cells(static_cast<int>(axis)) - 1);
}

}  // namespace

Located locate(const BoxBlock& block, std::span<const double> x) {
  std::array<std::int64_t, 3> at{};
  bool mine = true;
  for (std::size_t a = 0; a < x.size(); ++a) {
    const std::int64_t cell = cell_along(block, a, x[a]);
    if (cell < 0) return {};
    at[a] = cell - block.begin[a];
    mine = mine && at[a] >= 0 && at[a] < block.size[a];
  }
  if (!mine) return {true, -1};
  const std::int64_t local = at[0] + block.size[0] * (at[1] + block.size[1] * at[2]);
  return {true, static_cast<std::int32_t>(local)};
}

}  // namespace otto
