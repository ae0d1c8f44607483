#include "otto/particles/annealing.h"

#include <algorithm>
#include <cmath>

namespace otto {

namespace {

constexpr Eigen::Index pilot_particles = 64;
constexpr double pilot_gain = 0.1;  ///< of log h for a wrong share of acceptance

}  // namespace

Annealing::Annealing(const Comm& comm, const ParticleEnergy& energy, const Gaussian& reference,
                     AnnealingOptions options)
    : comm_(comm), energy_(energy), reference_(reference), options_(options) {
  const int K = options_.temperatures;
  for (int k = 0; k <= K; ++k) b_.push_back(std::pow(double(k) / K, options_.power));
  h_.assign(b_.size(), options_.first_step);
  comm_.together([&] {  // on every rank the same
    const Walk walk(energy_, reference_, &reference_, {"mala", options_.seed, Purpose::pilot});
    Particles p = walk.draw(0, pilot_particles, 0);
    for (std::size_t k = 1; k < b_.size(); ++k) {
      const Vector b = Vector::Constant(p.z.rows(), b_[k]),
                   h = Vector::Constant(p.z.rows(), h_[k - 1]);
      const double mean = walk.step(p, b, h, k).mean();
      h_[k] = h_[k - 1] * std::exp(pilot_gain * (mean - options_.acceptance));
    }
  });
}

Annealing::Forward Annealing::forward() const {
  const Walk walk(energy_, reference_, &reference_, {"mala", options_.seed, Purpose::forward});
  const Blocks blocks(comm_, options_.particles);
  std::vector<double> weights, ends;
  comm_.together([&] {
    for (std::int64_t block = blocks.first_block; block < blocks.end_block; ++block) {
      Particles p = walk.draw(blocks.begin(block), blocks.length(block), 0);
      Vector F = Vector::Zero(p.z.rows());
      for (std::size_t k = 1; k < b_.size(); ++k) {
        F += (b_[k] - b_[k - 1]) * p.f();
        (void)walk.step(p, Vector::Constant(F.size(), b_[k]), Vector::Constant(F.size(), h_[k]), k);
      }
      weights.insert(weights.end(), F.data(), F.data() + F.size());
      const Rows x = walk.positions(p);
      ends.insert(ends.end(), x.data(), x.data() + x.size());
    }
  });
  Forward result{gather(comm_, std::span<const double>(weights)), {}};
  const auto all = gather(comm_, std::span<const double>(ends));
  result.ends = Eigen::Map<const Rows>(all.data(), options_.particles, reference_.dimension());
  return result;
}

Rows Annealing::block_of(const Rows& points, std::int64_t block, const Blocks& blocks) const {
  return reference_.whiten(points.middleRows(blocks.begin(block), blocks.length(block)));
}

std::vector<double> Annealing::reverse(const Rows& starts, Purpose purpose) const {
  const Walk walk(energy_, reference_, &reference_, {"mala", options_.seed, purpose});
  const Blocks blocks(comm_, starts.rows());
  std::vector<double> weights;
  comm_.together([&] {
    for (std::int64_t block = blocks.first_block; block < blocks.end_block; ++block) {
      Particles p = walk.place(blocks.begin(block), block_of(starts, block, blocks));
      Vector R = Vector::Zero(p.z.rows());
      for (std::size_t k = b_.size() - 1; k > 0; --k) {
        (void)walk.step(p, Vector::Constant(R.size(), b_[k]), Vector::Constant(R.size(), h_[k]), k);
        R += (b_[k] - b_[k - 1]) * p.f();
      }
      weights.insert(weights.end(), R.data(), R.data() + R.size());
    }
  });
  return gather(comm_, std::span<const double>(weights));
}

Rows Annealing::settle(const Rows& points, int steps, Purpose purpose) const {
  const Walk walk(energy_, reference_, &reference_, {"mala", options_.seed, purpose});
  const Blocks blocks(comm_, points.rows());
  std::vector<double> ends;
  comm_.together([&] {
    for (std::int64_t block = blocks.first_block; block < blocks.end_block; ++block) {
      Particles p = walk.place(blocks.begin(block), block_of(points, block, blocks));
      const Vector b = Vector::Ones(p.z.rows()), h = Vector::Constant(p.z.rows(), h_.back());
      // after the steps of reverse()
      for (int k = 0; k < steps; ++k) (void)walk.step(p, b, h, b_.size() + std::uint64_t(k));
      const Rows x = walk.positions(p);
      ends.insert(ends.end(), x.data(), x.data() + x.size());
    }
  });
  const auto all = gather(comm_, std::span<const double>(ends));
  return Eigen::Map<const Rows>(all.data(), points.rows(), points.cols());
}

Rows resampled(const Rows& points, std::span<const double> log_weights, std::int64_t n,
               std::uint64_t seed) {
  const double top = *std::ranges::max_element(log_weights);
  double sum = 0;
  for (const double w : log_weights) sum += std::exp(w - top);
  const double u = uniform_number(seed, Purpose::resampling, 0, 0, 1);
  Rows chosen(n, points.cols());
  double reached = 0;
  Eigen::Index at = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    const double wanted = (double(i) + u) / double(n) * sum;
    while (reached <= wanted && at + 1 < points.rows()) {
      reached += std::exp(log_weights[std::size_t(++at)] - top);
    }
    chosen.row(i) = points.row(at);
  }
  return chosen;
}

}  // namespace otto
