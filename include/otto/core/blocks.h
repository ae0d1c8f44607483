#pragma once
// Things shared among ranks in blocks by their numbers. Where a block is always worked on as a whole, what comes out for
// it, and every sum over blocks in the order of a tree, has the same bits on any number of ranks.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

/// `count` things in blocks of `size` (the last may be smaller); each rank owns the blocks
/// first_block ... end_block - 1.
struct Blocks {
  Blocks(const Comm& comm, std::int64_t count, std::int64_t size = 64);

  [[nodiscard]] std::int64_t number() const { return (count + size - 1) / size; }  ///< of blocks
  [[nodiscard]] std::int64_t begin(std::int64_t block) const { return block * size; }
  [[nodiscard]] std::int64_t length(std::int64_t block) const {
    return std::min(size, count - block * size);
  }
  /// First block of a rank; that of rank `ranks` is number().
  [[nodiscard]] std::int64_t first_of(int rank) const { return number() * rank / ranks; }
  [[nodiscard]] int owner(std::int64_t block) const;

  std::int64_t count, size;
  int ranks;
  std::int64_t first_block, end_block;
};

/// The sum over all blocks of one vector for each, in the order of a binary tree over the blocks'
/// numbers: the same bits on any number of ranks. `leaf(block, sum)` adds the vector of an owned
/// block to `sum`, which is 0. Collective.
std::vector<double> tree_sum(const Comm& comm, const Blocks& blocks, std::size_t length,
                             const std::function<void(std::int64_t, std::span<double>)>& leaf);

}  // namespace otto
