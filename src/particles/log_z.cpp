#include "otto/particles/log_z.h"

#include <fmt/format.h>

#include <algorithm>

namespace otto {

namespace {

/// n rows of the data, drawn with replacement.
Rows some_rows(const Rows& data, std::int64_t n, std::uint64_t seed) {
  Rows chosen(n, data.cols());
  for (std::int64_t i = 0; i < n; ++i) {
    const double u = uniform_number(seed, Purpose::resampling, i, 2, 1);
    chosen.row(i) = data.row(std::min(data.rows() - 1, Eigen::Index(u * double(data.rows()))));
  }
  return chosen;
}

void judge(LogZ& z, const LogZOptions& o) {
  const auto gap = [&](double limit, double difference, const std::string& what) {
    if (difference <= limit) return;
    z.why += fmt::format("{}{} by {:.2f} nats, more than {}", z.why.empty() ? "" : "; ", what,
                         difference, limit);
  };
  const auto [low, high] =
      std::minmax({z.lower, z.upper_ends, z.upper_data, z.bennett_ends, z.bennett_data});
  const TwoSided& e = z.exchange.all;
  gap(o.max_spread, high - low, "the annealed estimates differ");
  gap(o.max_spread, std::max(std::abs(high - e.bennett), std::abs(low - e.bennett)),
      "annealing and exchange differ");
  gap(o.max_exchange_gap, std::abs(e.forward - e.reverse),
      "exchange differs in its two directions");
  gap(o.max_half_gap, std::abs(z.exchange.first_half.bennett - z.exchange.second_half.bennett),
      "the halves of the exchange differ");
  if (!(z.effective_size >= o.min_effective)) {
    z.why += fmt::format("{}the annealed weights are worth {:.1f} particles, fewer than {}",
                         z.why.empty() ? "" : "; ", z.effective_size, o.min_effective);
  }
  z.closed = z.why.empty();
}

}  // namespace

double LogZ::largest() const {
  return std::max({lower, upper_ends, upper_data, bennett_ends, bennett_data, exchange.all.bennett,
                   exchange.all.forward, exchange.all.reverse});
}
double LogZ::smallest() const {
  return std::min({lower, upper_ends, upper_data, bennett_ends, bennett_data, exchange.all.bennett,
                   exchange.all.forward, exchange.all.reverse});
}

LogZ measure_log_z(const Comm& comm, const ParticleEnergy& energy, const Gaussian& reference,
                   const Rows& data, const LogZOptions& o) {
  LogZ z;
  z.exchange = replica_exchange(comm, energy, reference, o.exchange);
  const Annealing annealing(comm, energy, reference, o.annealing);
  const Annealing::Forward forward = annealing.forward();
  const auto& F = forward.log_weights;
  z.deviation = standard_deviation(F);
  z.effective_size = effective_size(F);
  const std::int64_t n = annealing.particles();
  const Rows ends = annealing.settle(resampled(forward.ends, F, n, o.annealing.seed), o.settle_ends,
                                     Purpose::reverse_ends);
  const TwoSided by_ends = two_sided(F, annealing.reverse(ends, Purpose::reverse_ends));
  const Rows starts =
      annealing.settle(some_rows(data, n, o.annealing.seed), o.settle_data, Purpose::reverse_data);
  const auto R = annealing.reverse(starts, Purpose::reverse_data);
  const TwoSided by_data = two_sided(F, R);
  z.lower = by_data.forward;
  z.upper_ends = by_ends.reverse;
  z.upper_data = by_data.reverse;
  z.bennett_ends = by_ends.bennett;
  z.bennett_data = by_data.bennett;
  z.crooks = crooks_slope(F, R);
  judge(z, o);
  return z;
}

}  // namespace otto
