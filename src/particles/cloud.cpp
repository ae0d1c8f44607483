#include "cloud.h"

#include <cmath>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr double step_gain = 0.1;  ///< of log h for a wrong share of acceptance
constexpr double min_step = 1e-6, max_step = 2;
constexpr std::uint64_t feistel_rounds = 4;  ///< as many as make a pseudorandom permutation strong

}  // namespace

Cloud::Cloud(const Comm& comm, const WideNetwork& network, const Gaussian& white,
             const Gaussian& reference, const ParticleTrainOptions& options)
    : comm_(comm),
      reference_(reference),
      o_(options),
      energy_(network),
      walk_(energy_, white, nullptr, {options.kernel, options.seed, Purpose::training}),
      blocks_(comm, options.particles, block_size(options.particles)),
      h_(options.step > 0 ? options.step : options.first_step) {
  comm_.together([&] { restart(0); });
}

void Cloud::restart(std::uint64_t number) {
  mine_.clear();
  Rows xi;
  for (std::int64_t b = blocks_.first_block; b < blocks_.end_block; ++b) {
    xi.resize(blocks_.length(b), reference_.dimension());
    for (Eigen::Index i = 0; i < xi.rows(); ++i) {
      normal_numbers(o_.seed, Purpose::trace, blocks_.begin(b) + i, number,
                     {xi.data() + i * xi.cols(), std::size_t(xi.cols())});
    }
    mine_.push_back(walk_.place(blocks_.begin(b), walk_.white().whiten(reference_.points(xi))));
  }
}

double Cloud::advance() {
  double mean = 0;
  comm_.together([&] {
    for (Particles& p : mine_) walk_.refresh(p);
  });
  for (int k = 0; k < o_.steps; ++k, ++taken_) {
    const auto sum = tree_sum(comm_, blocks_, 2, [&](std::int64_t b, std::span<double> s) {
      Particles& p = mine_[std::size_t(b - blocks_.first_block)];
      const Eigen::Index n = p.z.rows();
      const Vector accepted = walk_.step(p, Vector::Ones(n), Vector::Constant(n, h_), taken_);
      for (Eigen::Index i = 0; i < n; ++i) s[0] += accepted[i];
      s[1] += p.z.allFinite() && p.U.allFinite() ? 0 : 1;
    });
    if (sum[1] > 0) {
      throw NumericalError(
          "the particles have exploded: their steps are unstable where the energy is steep; take "
          "kernel = \"mala\", a smaller particles.step, or a penalty");
    }
    const double accepted = sum[0] / double(o_.particles);
    if (o_.step <= 0) {
      h_ = std::clamp(h_ * std::exp(step_gain * (accepted - o_.acceptance)), min_step, max_step);
    }
    mean += accepted / o_.steps;
  }
  return mean;
}

Rows Cloud::all_points() const {
  std::vector<double> mine;
  for (const Particles& p : mine_) {
    const Rows x = walk_.positions(p);
    mine.insert(mine.end(), x.data(), x.data() + x.size());
  }
  const auto all = gather(comm_, std::span<const double>(mine));
  return Eigen::Map<const Rows>(all.data(), o_.particles, reference_.dimension());
}

void Cloud::remember(Archive& a) {
  std::vector<double> mine;
  for (const Particles& p : mine_) mine.insert(mine.end(), p.z.data(), p.z.data() + p.z.size());
  std::vector<double> all = gather(comm_, std::span<const double>(mine));
  a.number("h", h_);
  a.number("taken", taken_);
  a.numbers("z", all);
  if (!a.loading()) return;
  const Eigen::Map<const Rows> z(all.data(), o_.particles, reference_.dimension());
  mine_.clear();
  for (std::int64_t b = blocks_.first_block; b < blocks_.end_block; ++b) {
    mine_.push_back(
        walk_.place(blocks_.begin(b), z.middleRows(blocks_.begin(b), blocks_.length(b))));
  }
}

std::int64_t shuffled(std::int64_t place, std::int64_t n, std::uint64_t epoch, std::uint64_t seed) {
  int half = 1;  // bits of each half
  while ((std::int64_t{1} << (2 * half)) < n) ++half;
  const std::int64_t size = std::int64_t{1} << half;
  std::int64_t value = place;
  do {
    std::int64_t left = value / size, right = value % size;
    for (std::uint64_t round = 0; round < feistel_rounds; ++round) {
      const double u =
          uniform_number(seed, Purpose::shuffle, right, epoch * feistel_rounds + round, 1);
      left ^= std::int64_t(u * double(size));
      std::swap(left, right);
    }
    value = left * size + right;
  } while (value >= n);
  return value;
}

Rows Batch::rows(std::int64_t block, std::uint64_t draw) const {
  const std::int64_t n = train_.rows();
  Rows x(blocks_.length(block), train_.cols());
  Vector xi(x.cols());
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const std::int64_t number = blocks_.begin(block) + i;
    const std::int64_t drawn = std::int64_t(draw) * blocks_.count + number;  // before this one
    x.row(i) = train_.row(shuffled(drawn % n, n, std::uint64_t(drawn / n), seed_));
    if (noise_ == 0) continue;
    normal_numbers(seed_, Purpose::batch, number, draw, as_span(xi));
    x.row(i) += noise_ * xi.transpose();
  }
  return x;
}

}  // namespace otto
