#pragma once
// Batches of points, and how particles are shared among ranks: in blocks
// by their numbers, a block being always evaluated as a whole, so that what a network gives for a
// particle, and every sum over particles, has the same bits on any number of ranks.

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

/// Points in rows, one after the other in memory.
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

inline std::span<const double> as_span(const Rows& x) { return {x.data(), std::size_t(x.size())}; }
inline std::span<double> as_span(Rows& x) { return {x.data(), std::size_t(x.size())}; }
inline std::span<const double> as_span(const Vector& x) {
  return {x.data(), std::size_t(x.size())};
}
inline std::span<double> as_span(Vector& x) { return {x.data(), std::size_t(x.size())}; }

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

/// Rows in a block of so many particles: 64, and more where that would make more than 32 blocks.
inline std::int64_t block_size(std::int64_t count) {
  std::int64_t size = 64;
  while (count > 32 * size) size *= 2;
  return size;
}

/// The sum over all blocks of one vector for each, in the order of a binary tree over the blocks'
/// numbers: the same bits on any number of ranks. `leaf(block, sum)` adds the vector of an owned
/// block to `sum`, which is 0. Collective.
std::vector<double> tree_sum(const Comm& comm, const Blocks& blocks, std::size_t length,
                             const std::function<void(std::int64_t, std::span<double>)>& leaf);

/// The rows of all ranks, one rank after the other, on every rank. Collective.
Rows gather(const Comm& comm, const Rows& mine);
std::vector<double> gather(const Comm& comm, std::span<const double> mine);

}  // namespace otto
