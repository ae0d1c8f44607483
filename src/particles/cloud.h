#pragma once
// The particles of a training, in blocks, and sums over them and over drawn data.

#include <functional>
#include <string>
#include <vector>

#include "otto/particles/trainer.h"

namespace otto {

class Cloud {
 public:
  Cloud(const Comm& comm, const WideNetwork& network, const Gaussian& white,
        const Gaussian& reference, const ParticleTrainOptions& options);

  /// From the reference again. Never communicates.
  void restart(std::uint64_t number);
  /// `steps` steps under the present energy; returns the mean acceptance. Collective.
  double advance();
  [[nodiscard]] double step() const { return h_; }

  [[nodiscard]] const Blocks& blocks() const { return blocks_; }
  [[nodiscard]] const Particles& block(std::int64_t number) const {
    return mine_[std::size_t(number - blocks_.first_block)];
  }
  [[nodiscard]] Rows points(std::int64_t number) const { return walk_.positions(block(number)); }
  [[nodiscard]] Rows all_points() const;  ///< collective
  void remember(Archive& a);

 private:
  const Comm& comm_;
  const Gaussian& reference_;
  const ParticleTrainOptions& o_;
  NetworkEnergy energy_;
  Walk walk_;
  Blocks blocks_;
  std::vector<Particles> mine_;
  double h_;
  std::uint64_t taken_ = 1;  ///< steps; 0 is that of the start
};

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

 private:
  const Rows& train_;
  double noise_;
  std::uint64_t seed_;
  Blocks blocks_;
};

}  // namespace otto
