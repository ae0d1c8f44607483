#include "otto/core/blocks.h"

#include <utility>

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

constexpr int tag = 0x7472;

void add(std::vector<double>& sum, const std::vector<double>& other) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
}

/// A node of the tree is the blocks first ... end - 1. Its sum is made on the rank that owns its first block; a rank knows
/// only the nodes it has blocks of.
struct Tree {
  const Comm& comm;
  const Blocks& blocks;
  std::size_t length;
  const std::function<void(std::int64_t, std::span<double>)>& leaf;
  std::vector<std::vector<double>>
      parts;  ///< of the largest nodes that are this rank's alone, in order

  /// The largest power of two below the number of blocks goes left.
  static std::int64_t split(std::int64_t first, std::int64_t end) {
    std::int64_t half = 1;
    while (2 * half < end - first) half *= 2;
    return first + half;
  }
  [[nodiscard]] bool touches(std::int64_t first, std::int64_t end) const {
    return first < blocks.end_block && end > blocks.first_block;
  }
  [[nodiscard]] bool alone(std::int64_t first, std::int64_t end) const {
    return first >= blocks.first_block && end <= blocks.end_block;
  }

  [[nodiscard]] std::vector<double> local(std::int64_t first, std::int64_t end) const {
    if (end - first == 1) {
      std::vector<double> sum(length, 0.0);
      leaf(first, sum);
      return sum;
    }
    const std::int64_t middle = split(first, end);
    std::vector<double> sum = local(first, middle);
    add(sum, local(middle, end));
    return sum;
  }

  void make_parts(std::int64_t first, std::int64_t end) {
    if (!touches(first, end)) return;
    if (alone(first, end)) return parts.push_back(local(first, end));
    const std::int64_t middle = split(first, end);
    make_parts(first, middle);
    make_parts(middle, end);
  }

  /// The sum of a node, on the rank of its first block; of no use elsewhere.
  std::vector<double> combine(std::int64_t first, std::int64_t end, std::size_t& next) {
    if (!touches(first, end)) return {};
    if (alone(first, end)) return std::move(parts[next++]);
    const std::int64_t middle = split(first, end);
    std::vector<double> sum = combine(first, middle, next), other = combine(middle, end, next);
    const int left = blocks.owner(first), right = blocks.owner(middle);
    const MPI_Comm handle = comm.handle();
    if (right != left && comm.rank() == right) {
      MPI_Send(other.data(), int(length), MPI_DOUBLE, left, tag, handle);
    }
    if (comm.rank() != left) return {};
    other.resize(length);
    if (right != left) {
      MPI_Recv(other.data(), int(length), MPI_DOUBLE, right, tag, handle, MPI_STATUS_IGNORE);
    }
    add(sum, other);
    return sum;
  }
};

}  // namespace

std::vector<double> tree_sum(const Comm& comm, const Blocks& blocks, std::size_t length,
                             const std::function<void(std::int64_t, std::span<double>)>& leaf) {
  const std::int64_t n = blocks.number();
  if (n == 0) return std::vector<double>(length, 0.0);
  Tree tree{comm, blocks, length, leaf, {}};
  comm.together([&] { tree.make_parts(0, n); });  // all of this rank's work, before anyone waits
  std::size_t next = 0;
  std::vector<double> sum = tree.combine(0, n, next);
  sum.resize(length);
  if (comm.size() > 1) {
    MPI_Bcast(sum.data(), int(length), MPI_DOUBLE, blocks.owner(0), comm.handle());
  }
  return sum;
}

}  // namespace otto
