#pragma once
// log Z of an energy from both sides, by routes that fail differently, and whether they agree.

#include <string>

#include "otto/particles/annealing.h"
#include "otto/particles/exchange.h"

namespace otto {

struct LogZOptions {
  ExchangeOptions exchange;
  AnnealingOptions annealing{.temperatures = 1500, .particles = 400};
  int settle_ends = 200;  ///< steps that leave p, from the resampled ends of the forward path
  int settle_data = 400;  ///< and from data, which may lie further off
  /// The verdict "closed": all within these of each other, in nats. Ten independent particles are
  /// the fewest whose mean weight means anything.
  double max_spread = 0.7, max_exchange_gap = 0.2, max_half_gap = 0.5, min_effective = 10;
};

struct LogZ {
  ExchangeResult exchange;
  double lower = 0;                       ///< forward annealing: at most log Z on average
  double upper_ends = 0, upper_data = 0;  ///< reverse, from resampled ends and from data
  double bennett_ends = 0, bennett_data = 0;
  double deviation = 0;       ///< of the forward log weights
  double effective_size = 0;  ///< of the forward weights
  Slope crooks;               ///< forward and reverse-from-data weights: 1 if they belong together
  bool closed = false;
  std::string why;  ///< it is not closed
  /// The largest of all estimates: the log-likelihood it gives is the pessimistic one.
  [[nodiscard]] double largest() const;
  [[nodiscard]] double smallest() const;
};

/// `data`: points near samples of p (rows), at least one. Collective.
LogZ measure_log_z(const Comm& comm, const ParticleEnergy& energy, const Gaussian& reference,
                   const Rows& data, const LogZOptions& options);

}  // namespace otto
