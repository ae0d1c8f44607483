#include "otto/multigrid/ghost_exchange.h"

#include <algorithm>

namespace otto::multigrid {

std::size_t owner(std::span<const std::int64_t> first, std::int64_t row) {
  return std::size_t(std::ranges::upper_bound(first, row) - first.begin()) - 1;
}

GhostExchange::GhostExchange(const Comm& comm, std::span<const std::int64_t> first,
                             std::span<const std::int64_t> ghosts)
    : comm_(comm), ghosts_(ghosts.size()) {
  const auto me = std::size_t(comm.rank());
  owned_ = std::size_t(first[me + 1] - first[me]);
  std::vector<std::vector<std::int64_t>> asked(std::size_t(comm.size()));
  for (std::size_t g = 0; g < ghosts.size(); ++g) {
    const std::size_t r = owner(first, ghosts[g]);
    if (asked[r].empty()) from_.push_back({int(r), g, 0});
    ++from_.back().count;
    asked[r].push_back(ghosts[g]);
  }
  const auto others = swap_parts(comm, asked);
  for (std::size_t r = 0; r < others.size(); ++r) {
    if (others[r].empty()) continue;
    to_.push_back({int(r), wanted_.size(), others[r].size()});
    for (const std::int64_t row : others[r]) wanted_.push_back(std::int32_t(row - first[me]));
  }
}

}  // namespace otto::multigrid
