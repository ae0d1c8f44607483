#pragma once
// Batches of points, and how particles are shared among ranks: in blocks
// by their numbers, a block being always evaluated as a whole, so that what a network gives for a
// particle, and every sum over particles, has the same bits on any number of ranks.

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "otto/core/blocks.h"

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

/// Rows in a block of so many particles: 64, and more where that would make more than 32 blocks.
inline std::int64_t block_size(std::int64_t count) {
  std::int64_t size = 64;
  while (count > 32 * size) size *= 2;
  return size;
}

/// The rows of all ranks, one rank after the other, on every rank. Collective.
Rows gather(const Comm& comm, const Rows& mine);
std::vector<double> gather(const Comm& comm, std::span<const double> mine);

}  // namespace otto
