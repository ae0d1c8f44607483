#pragma once
// The particles of a training, in blocks. Of a `weighted` sampler each has a share W_i of the law rho,
// and when theta moves (Carbone, Hua, Coste, Vanden-Eijnden, NeurIPS 2023, after Jarzynski)
//
//   D_i = U_old(x_i) - U_new(x_i),   Z_new/Z_old = sum_i W_i e^(D_i),   W_i <- W_i e^(D_i) / (that),
//
// before the steps under U_new, which keep p_new and the shares: the weighted particles stay samples
// of p however far from rest they are. Before the first move U_old = -log g, whose samples they are,
// Z_old = 1. Where they are worth less than half their number they are drawn anew (systematic
// resampling) and all shares are equal again.
//
// A `tempered` sampler has a ladder of replicas for each particle (otto/particles/exchange.h).

#include <functional>
#include <string>
#include <vector>

#include "ladders.h"
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
  /// Length h of the next step. Collective.
  [[nodiscard]] double step() const;

  [[nodiscard]] const Blocks& blocks() const { return blocks_; }
  [[nodiscard]] Rows points(std::int64_t number) const;
  /// Fresh points of the reference, as many as the block has particles.
  [[nodiscard]] Rows reference_draws(std::int64_t block, std::uint64_t number) const;
  /// W of the particles of a block: 1 over their number but for a weighted sampler.
  [[nodiscard]] const Vector& shares(std::int64_t number) const {
    return shares_[std::size_t(number - blocks_.first_block)];
  }
  [[nodiscard]] Rows all_points() const;  ///< collective
  /// As many particles of equal shares as these are worth, over their number.
  [[nodiscard]] double effective() const { return effective_; }
  /// log Z as the sum of all log Z_new/Z_old; nan where one move of theta was so long that less than
  /// half of the particles' worth was left by it alone, and for other samplers.
  [[nodiscard]] double tracked_log_z() const;
  void remember(Archive& a);

 private:
  [[nodiscard]] std::vector<double> all_places() const;
  double step_singles();
  double step_ladders();
  void reweigh(const std::vector<Vector>& before);
  void resample();
  void equal_shares();
  void place(const Rows& z, std::uint64_t number);
  void check(double broken) const;
  void remember_ladders(Archive& a);
  /// What `of_block` gives of every block, so many numbers for each particle.
  void keep(Archive& a, const std::string& name,
            const std::function<std::span<double>(std::size_t)>& of_block);

  const Comm& comm_;
  const Gaussian& reference_;
  const ParticleTrainOptions& o_;
  bool weighted_, tempered_;
  NetworkEnergy energy_;
  Walk walk_;
  Blocks blocks_;
  std::vector<Particles> mine_;   ///< but for a tempered sampler,
  std::vector<Ladders> ladders_;  ///< which has these
  std::vector<Vector> shares_;
  double effective_ = 1, log_z_ = 0;
  bool tracked_ = true;
  double h_;
  std::uint64_t taken_ = 1;  ///< steps; 0 is that of the start
};

}  // namespace otto
