#include "otto/mesh/numbering.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "otto/core/error.h"

namespace otto {

namespace {

std::vector<int> starts(const std::vector<int>& counts) {
  std::vector<int> begin(counts.size(), 0);
  std::exclusive_scan(counts.begin(), counts.end(), begin.begin(), 0);
  return begin;
}

/// Sends `values`, grouped by rank with these counts; `received` counts what comes back.
std::vector<std::int64_t> all_to_all(const Comm& comm, const std::vector<std::int64_t>& values,
                                     const std::vector<int>& counts, std::vector<int>& received) {
  received.resize(counts.size());
  MPI_Alltoall(counts.data(), 1, MPI_INT, received.data(), 1, MPI_INT, comm.handle());
  std::vector<std::int64_t> in(std::size_t(std::accumulate(received.begin(), received.end(), 0)));
  MPI_Alltoallv(values.data(), counts.data(), starts(counts).data(), MPI_INT64_T, in.data(),
                received.data(), starts(received).data(), MPI_INT64_T, comm.handle());
  return in;
}

}  // namespace

Halo make_halo(const Comm& comm, std::span<const std::int64_t> owned,
               std::span<const std::int64_t> ghosts, std::span<const std::int32_t> owners) {
  std::vector<Halo::Link> receives, sends;
  std::vector<std::vector<std::int32_t>> from(std::size_t(comm.size()));
  for (std::size_t g = 0; g < ghosts.size(); ++g) {
    from[std::size_t(owners[g])].push_back(std::int32_t(owned.size() + g));
  }
  std::vector<std::int64_t> wanted;
  std::vector<int> counts, received;
  for (std::size_t r = 0; r < from.size(); ++r) {
    counts.push_back(int(from[r].size()));
    for (const std::int32_t c : from[r]) wanted.push_back(ghosts[std::size_t(c) - owned.size()]);
    if (!from[r].empty()) receives.push_back({int(r), 0, std::move(from[r])});
  }
  const auto asked = all_to_all(comm, wanted, counts, received);
  std::unordered_map<std::int64_t, std::int32_t> place;
  for (std::size_t c = 0; c < owned.size(); ++c) place[owned[c]] = std::int32_t(c);
  comm.together([&] {
    std::size_t next = 0;
    for (std::size_t r = 0; r < received.size(); ++r) {
      Halo::Link link{int(r), 0, {}};
      for (int i = 0; i < received[r]; ++i) {
        const auto at = place.find(asked[next++]);
        if (at == place.end()) throw InternalError("mesh: a rank asks for a cell of another");
        link.cells.push_back(at->second);
      }
      if (!link.cells.empty()) sends.push_back(std::move(link));
    }
  });
  return {std::move(sends), std::move(receives)};
}

std::vector<std::int64_t> without_gaps(const Comm& comm, std::span<const std::int64_t> keys,
                                       std::int64_t limit) {
  // Rank r counts the keys with key * ranks / limit = r.
  std::vector<int> counts(std::size_t(comm.size()), 0), received, returned;
  for (const std::int64_t key : keys) ++counts[std::size_t(key * comm.size() / limit)];
  const std::vector<std::int64_t> mine(keys.begin(), keys.end());
  std::vector<std::int64_t> here = all_to_all(comm, mine, counts, received);
  std::vector<std::int64_t> sorted = here;
  std::ranges::sort(sorted);
  const std::int64_t first = comm.offset(std::int64_t(sorted.size()));
  for (std::int64_t& key : here)
    key = first + (std::ranges::lower_bound(sorted, key) - sorted.begin());
  return all_to_all(comm, here, received, returned);
}

}  // namespace otto
