#pragma once
// Data drawn for an iteration of a training.

#include "otto/particles/rows.h"

namespace otto {

/// Where 0 <= place < n comes in a random order of 0 ... n-1, another one for every epoch: a Feistel
/// network on the least power of 4 from n on (Luby, Rackoff, SIAM J. Comput. 17, 1988), applied again
/// while it leads beyond n.
std::int64_t shuffled(std::int64_t place, std::int64_t n, std::uint64_t epoch, std::uint64_t seed);

/// Rows of the training data in random order, all before any comes again, with noise: number i of
/// draw k is the same on any number of ranks.
class Batch {
 public:
  Batch(const Comm& comm, const Rows& train, double noise, std::int64_t size, std::uint64_t seed)
      : train_(train), noise_(noise), seed_(seed), blocks_(comm, size, block_size(size)) {}
  [[nodiscard]] const Blocks& blocks() const { return blocks_; }
  [[nodiscard]] Rows rows(std::int64_t block, std::uint64_t draw) const;
  /// The noise in these rows over its deviation: standard normal numbers.
  [[nodiscard]] Rows unit_noise(std::int64_t block, std::uint64_t draw) const;
  [[nodiscard]] double noise() const { return noise_; }

 private:
  const Rows& train_;
  double noise_;
  std::uint64_t seed_;
  Blocks blocks_;
};

}  // namespace otto
