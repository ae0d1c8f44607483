#include "otto/particles/exchange.h"

#include <cmath>

#include "ladders.h"
#include "otto/core/error.h"

namespace otto {

namespace {

TwoSided& operator+=(TwoSided& sum, const TwoSided& z) {
  sum.forward += z.forward;
  sum.reverse += z.reverse;
  sum.bennett += z.bennett;
  return sum;
}

/// f of every b, of both halves, on all ranks.
using Record = std::array<std::vector<std::vector<double>>, 2>;

Record gather_record(const Comm& comm, const std::vector<Ladders>& mine, std::size_t R) {
  Record record;
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t r = 0; r < R; ++r) {
      std::vector<double> values;
      for (const Ladders& block : mine) {
        const auto& f = block.f(half, r);
        values.insert(values.end(), f.begin(), f.end());
      }
      record[half].push_back(gather(comm, std::span<const double>(values)));
    }
  }
  return record;
}

/// log Z from f at neighbouring b.
TwoSided sum_of_pairs(const std::vector<double>& b, const std::vector<std::vector<double>>& f) {
  TwoSided sum;
  for (std::size_t r = 0; r + 1 < b.size(); ++r) {
    std::vector<double> F = f[r], R = f[r + 1];
    for (double& x : F) x *= b[r + 1] - b[r];
    for (double& x : R) x *= b[r + 1] - b[r];
    sum += two_sided(F, R);
  }
  return sum;
}

/// Sums over the ladders of all ranks of what each block of them gives.
template <class Get>
std::vector<double> total(const Comm& comm, const Blocks& blocks, const std::vector<Ladders>& mine,
                          std::size_t n, const Get& get) {
  return tree_sum(comm, blocks, n, [&](std::int64_t block, std::span<double> sum) {
    for (std::size_t i = 0; i < n; ++i) {
      sum[i] += get(mine[std::size_t(block - blocks.first_block)], i);
    }
  });
}

void summarise(const Comm& comm, const Blocks& blocks, const std::vector<Ladders>& mine,
               const ExchangeOptions& o, ExchangeResult& result) {
  const auto R = std::size_t(o.replicas);
  const Record record = gather_record(comm, mine, R);
  std::vector<std::vector<double>> all = record[0];
  for (std::size_t r = 0; r < R; ++r) {
    result.b.push_back(std::pow(double(r) / double(R - 1), o.power));
    all[r].insert(all[r].end(), record[1][r].begin(), record[1][r].end());
    double sum = 0;
    for (const double f : all[r]) sum += f;
    result.mean_f.push_back(sum / double(all[r].size()));
  }
  result.all = sum_of_pairs(result.b, all);
  result.first_half = sum_of_pairs(result.b, record[0]);
  result.second_half = sum_of_pairs(result.b, record[1]);
  const auto swaps =
      total(comm, blocks, mine, R - 1, [](const Ladders& l, std::size_t i) { return l.swaps[i]; });
  const auto tries =
      total(comm, blocks, mine, R - 1, [](const Ladders& l, std::size_t i) { return l.tries[i]; });
  for (std::size_t r = 0; r + 1 < R; ++r) result.swaps.push_back(swaps[r] / tries[r]);
  result.step = total(comm, blocks, mine, R, [](const Ladders& l, std::size_t r) {
    return l.h(Eigen::Index(r)) * double(l.ladders());
  });
  for (double& h : result.step) h /= double(o.ladders);
  const auto ends = total(comm, blocks, mine, 2, [](const Ladders& l, std::size_t i) {
    return i == 0 ? l.born() : l.accepted();
  });
  result.descendants = ends[0] / double(o.ladders);
  result.acceptance = ends[1] / double(o.ladders) / o.steps;
}

}  // namespace

ExchangeResult replica_exchange(const Comm& comm, const ParticleEnergy& energy,
                                const Gaussian& reference, const ExchangeOptions& o,
                                const Rows& start) {
  const Walk walk(energy, reference, &reference, {"mala", o.seed, Purpose::exchange});
  const Blocks blocks(comm, o.ladders, o.ladders_together);
  ExchangeResult result;
  std::vector<Ladders> mine;
  std::vector<double> kept;
  comm.together([&] {
    for (std::int64_t block = blocks.first_block; block < blocks.end_block; ++block) {
      const std::int64_t first = blocks.begin(block), m = blocks.length(block);
      Ladders& ladders = mine.emplace_back(walk, o, first, m);
      for (Eigen::Index j = 0; j < m && start.rows() > 0; ++j) {
        ladders.start(j, reference.whiten(start.row((first + j) % start.rows())));
      }
      for (int k = 0; k < o.burn_in + o.steps; ++k) {
        const bool counts = k >= o.burn_in;
        // gains fall off so that the lengths settle before they are frozen
        ladders.step(std::uint64_t(k) + 1, counts ? 0 : 1 / (5 + 0.1 * k));
        const int taken = k - o.burn_in;
        if (counts) ladders.collect(2 * taken < o.steps ? 0 : 1);
        if (counts && o.thin > 0 && (taken + 1) % o.thin == 0) {
          const Rows cold = ladders.cold();
          kept.insert(kept.end(), cold.data(), cold.data() + cold.size());
        }
      }
    }
  });
  summarise(comm, blocks, mine, o, result);
  const auto all = gather(comm, std::span<const double>(kept));
  const Eigen::Index d = reference.dimension();
  result.samples = Eigen::Map<const Rows>(all.data(), Eigen::Index(all.size()) / d, d);
  return result;
}

}  // namespace otto
