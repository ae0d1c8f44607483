#include "otto/mesh/numbering.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "otto/core/all_to_all.h"
#include "otto/core/error.h"

namespace otto {

Halo make_halo(const Comm& comm, std::span<const std::int64_t> owned,
               std::span<const std::int64_t> ghosts, std::span<const std::int32_t> owners) {
  std::vector<Halo::Link> receives, sends;
  std::vector<std::vector<std::int32_t>> from(std::size_t(comm.size()));
  for (std::size_t g = 0; g < ghosts.size(); ++g) {
    from[std::size_t(owners[g])].push_back(std::int32_t(owned.size() + g));
  }
  std::vector<std::int64_t> wanted;
  std::vector<int> counts;
  for (std::size_t r = 0; r < from.size(); ++r) {
    counts.push_back(int(from[r].size()));
    for (const std::int32_t c : from[r]) wanted.push_back(ghosts[std::size_t(c) - owned.size()]);
    if (!from[r].empty()) receives.push_back({int(r), 0, std::move(from[r])});
  }
  const std::vector<int> received = incoming_counts(comm, counts);
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

Numbers number_keys(const Comm& comm, std::span<const std::int64_t> keys, double limit) {
  // Keys are sent to ranks in their order: rank r numbers those with key * ranks / limit = r.
  const auto home = [&](std::int64_t key) {
    return std::clamp(int(double(key) / limit * comm.size()), 0, comm.size() - 1);
  };
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return keys[i]; });
  std::vector<int> counts(std::size_t(comm.size()), 0);
  std::vector<std::int64_t> sorted;
  for (const std::size_t i : order) {
    sorted.push_back(keys[i]);
    ++counts[std::size_t(home(keys[i]))];
  }
  const std::vector<int> received = incoming_counts(comm, counts);
  std::vector<std::int64_t> here = all_to_all(comm, sorted, counts, received);
  std::vector<std::int64_t> different = here;
  std::ranges::sort(different);
  different.erase(std::unique(different.begin(), different.end()), different.end());
  const auto count = std::int64_t(different.size());
  const std::int64_t first = comm.offset(count);
  for (std::int64_t& key : here) {
    key = first + (std::ranges::lower_bound(different, key) - different.begin());
  }
  const std::vector<std::int64_t> back = all_to_all(comm, here, received, counts);
  Numbers numbers{.of = std::vector<std::int64_t>(keys.size()), .total = comm.sum(count)};
  for (std::size_t i = 0; i < order.size(); ++i) numbers.of[order[i]] = back[i];
  return numbers;
}

}  // namespace otto
