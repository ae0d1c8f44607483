#include "otto/particles/rows.h"

namespace otto {

Blocks::Blocks(const Comm& comm, std::int64_t n, std::int64_t block_size)
    : count(n), size(block_size), ranks(comm.size()) {
  first_block = first_of(comm.rank());
  end_block = first_of(comm.rank() + 1);
}

int Blocks::owner(std::int64_t block) const {
  int rank = int(block * ranks / std::max<std::int64_t>(number(), 1));
  while (block < first_of(rank)) --rank;
  while (block >= first_of(rank + 1)) ++rank;
  return rank;
}

namespace {

struct Tree {
  const Comm& comm;
  const Blocks& blocks;
  std::size_t length;
  const std::function<void(std::int64_t, std::span<double>)>& leaf;

  /// Of the blocks first ... end - 1, on the rank that owns them all; empty elsewhere.
  [[nodiscard]] std::vector<double> local(std::int64_t first, std::int64_t end) const {
    if (end - first == 1) {
      std::vector<double> sum(length, 0.0);
      leaf(first, sum);
      return sum;
    }
    const std::int64_t middle = split(first, end);
    std::vector<double> sum = local(first, middle);
    const std::vector<double> other = local(middle, end);
    for (std::size_t i = 0; i < length; ++i) sum[i] += other[i];
    return sum;
  }

  /// The largest power of two below the number of blocks goes left.
  static std::int64_t split(std::int64_t first, std::int64_t end) {
    std::int64_t half = 1;
    while (2 * half < end - first) half *= 2;
    return first + half;
  }

  /// Subtrees of one rank, in order.
  void find(std::int64_t first, std::int64_t end,
            std::vector<std::pair<std::int64_t, std::int64_t>>& found) const {
    if (blocks.owner(first) == blocks.owner(end - 1)) return found.push_back({first, end});
    const std::int64_t middle = split(first, end);
    find(first, middle, found);
    find(middle, end, found);
  }

  /// The same tree over what the subtrees gave.
  std::vector<double> combine(std::int64_t first, std::int64_t end,
                              std::vector<std::vector<double>>& parts, std::size_t& next) const {
    if (blocks.owner(first) == blocks.owner(end - 1)) return std::move(parts[next++]);
    const std::int64_t middle = split(first, end);
    std::vector<double> sum = combine(first, middle, parts, next);
    const std::vector<double> other = combine(middle, end, parts, next);
    for (std::size_t i = 0; i < length; ++i) sum[i] += other[i];
    return sum;
  }
};

}  // namespace

std::vector<double> tree_sum(const Comm& comm, const Blocks& blocks, std::size_t length,
                             const std::function<void(std::int64_t, std::span<double>)>& leaf) {
  if (blocks.number() == 0) return std::vector<double>(length, 0.0);
  const Tree tree{comm, blocks, length, leaf};
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  tree.find(0, blocks.number(), found);
  std::vector<std::vector<double>> parts(found.size());
  comm.together([&] {  // all of this rank's work, before anyone waits
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto [first, end] = found[i];
      if (blocks.owner(first) == comm.rank()) parts[i] = tree.local(first, end);
    }
  });
  for (std::size_t i = 0; i < found.size() && comm.size() > 1; ++i) {
    parts[i].resize(length);
    MPI_Bcast(parts[i].data(), int(length), MPI_DOUBLE, blocks.owner(found[i].first),
              comm.handle());
  }
  std::size_t next = 0;
  return tree.combine(0, blocks.number(), parts, next);
}

std::vector<double> gather(const Comm& comm, std::span<const double> mine) {
  const int n = int(mine.size());
  std::vector<int> counts(std::size_t(comm.size())), offsets(counts.size(), 0);
  MPI_Allgather(&n, 1, MPI_INT, counts.data(), 1, MPI_INT, comm.handle());
  for (std::size_t r = 1; r < counts.size(); ++r) offsets[r] = offsets[r - 1] + counts[r - 1];
  std::vector<double> all(std::size_t(offsets.back() + counts.back()));
  MPI_Allgatherv(mine.data(), n, MPI_DOUBLE, all.data(), counts.data(), offsets.data(), MPI_DOUBLE,
                 comm.handle());
  return all;
}

Rows gather(const Comm& comm, const Rows& mine) {
  const std::vector<double> all = gather(comm, as_span(mine));
  const Eigen::Index d = mine.cols();
  return Eigen::Map<const Rows>(all.data(), Eigen::Index(all.size()) / std::max<Eigen::Index>(d, 1),
                                d);
}

}  // namespace otto
