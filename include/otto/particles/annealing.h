#pragma once
// Annealed importance sampling along p_b ~ g e^(b f), b_k = (k/K)^power, k = 0 ... K (Neal, Stat.
// Comput. 11, 2001), in both directions:
//
//   forward  x_0 ~ g; for k = 1 ... K: F += (b_k - b_(k-1)) f(x), then a step that leaves p_(b_k)
//   reverse  x ~ p; for k = K ... 1: a step that leaves p_(b_k), then R += (b_k - b_(k-1)) f(x)
//
// The second is the first backwards, the steps being reversible: E e^F = Z whatever the steps do, and
// E e^(-R) = 1/Z if the reverse one starts in p. Step lengths come from a pilot of other particles and
// are the same for all.

#include "otto/particles/walk.h"

namespace otto {

struct AnnealingOptions {
  int temperatures = 1000;       ///< K
  std::int64_t particles = 256;  ///< in either direction, over all ranks
  double power = 1.5;  ///< finer near g, where p_b changes fastest; of energies of images a power of
                       ///< 2 leaves too few steps at b = 1, where most of the weights' variance arises
  double acceptance = 0.6;
  double first_step = 0.05;  ///< h of the pilot at b = 0
  std::uint64_t seed = 1;
};

class Annealing {
 public:
  /// Runs the pilot. What is given must outlive it. Collective.
  Annealing(const Comm& comm, const ParticleEnergy& energy, const Gaussian& reference,
            AnnealingOptions options);

  /// log weights of all particles, on every rank, and where they ended.
  struct Forward {
    std::vector<double> log_weights;
    Rows ends;
  };
  [[nodiscard]] Forward forward() const;
  /// log weights from starts (points in rows, on every rank) that are samples of p or nearly.
  [[nodiscard]] std::vector<double> reverse(const Rows& starts, Purpose purpose) const;
  /// The points after `steps` steps that leave p as it is.
  [[nodiscard]] Rows settle(const Rows& points, int steps, Purpose purpose) const;
  [[nodiscard]] std::int64_t particles() const { return options_.particles; }

 private:
  [[nodiscard]] Rows block_of(const Rows& points, std::int64_t block, const Blocks& blocks) const;
  const Comm& comm_;
  const ParticleEnergy& energy_;
  const Gaussian& reference_;
  AnnealingOptions options_;
  std::vector<double> b_, h_;  ///< K + 1
};

/// `n` rows of `points`, row i as often as its weight e^(log_weights[i]) says (systematic
/// resampling).
Rows resampled(const Rows& points, std::span<const double> log_weights, std::int64_t n,
               std::uint64_t seed);

}  // namespace otto
