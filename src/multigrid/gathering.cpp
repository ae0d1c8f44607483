#include "gathering.h"

#include <algorithm>

namespace otto::multigrid {

std::array<std::int32_t, 3> Region::size() const {
  std::array<std::int32_t, 3> n{};
  for (std::size_t a = 0; a < 3; ++a) {
    n[a] = std::int32_t(std::max<std::int64_t>(0, end[a] - begin[a]));
  }
  return n;
}

std::int32_t Region::cells() const {
  const auto n = size();
  return n[0] * n[1] * n[2];
}

Region Region::intersected(const Region& other) const {
  Region both;
  for (std::size_t a = 0; a < 3; ++a) {
    both.begin[a] = std::max(begin[a], other.begin[a]);
    both.end[a] = std::min(end[a], other.end[a]);
  }
  return both;
}

Region region_of(const Operator& level) {
  Region r{level.begin, {}};
  for (std::size_t a = 0; a < 3; ++a) r.end[a] = r.begin[a] + level.grid.n[a];
  return r;
}

Gathering::Gathering(const Operator& divided, const Operator& next)
    : comm_(divided.comm),
      whole_(next.comm.size() < divided.comm.size()),
      before_(region_of(divided)),
      after_(region_of(next)) {
  const auto exchanged = [&](const Region& mine) {
    std::vector<Region> all(std::size_t(comm_.size()));
    MPI_Allgather(&mine, 6, MPI_INT64_T, all.data(), 6, MPI_INT64_T, comm_.handle());
    return all;
  };
  const std::vector<Region> before = exchanged(before_);
  if (whole_) {
    all_ = before;
    for (const Region& r : before) {
      count_.push_back(r.cells());
      offset_.push_back(total_);
      total_ += r.cells();
    }
    return;
  }
  const std::vector<Region> after = exchanged(after_);
  for (int rank = 0; rank < comm_.size(); ++rank) {
    const Region in = before[std::size_t(rank)].intersected(after_);
    const Region out = before_.intersected(after[std::size_t(rank)]);
    if (in.cells() > 0) in_.push_back({rank, in});
    if (out.cells() > 0) out_.push_back({rank, out});
  }
}

}  // namespace otto::multigrid
