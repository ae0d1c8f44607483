#include "cloud.h"

#include <cmath>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr double step_gain = 0.1;  ///< of log h for a wrong share of acceptance
constexpr double min_step = 1e-6, max_step = 2;

double first_length(const ParticleTrainOptions& o) {
  if (o.step > 0) return o.step;
  // a step of underdamped particles moves by h, one of the others by sqrt(2 h)
  return o.kernel == "underdamped" ? std::sqrt(2 * o.first_step) : o.first_step;
}

}  // namespace

Cloud::Cloud(const Comm& comm, const WideNetwork& network, const Gaussian& white,
             const Gaussian& reference, const ParticleTrainOptions& options)
    : comm_(comm),
      reference_(reference),
      o_(options),
      weighted_(options.sampler == "weighted"),
      tempered_(options.sampler == "tempered"),
      energy_(network),
      walk_(energy_, white, tempered_ ? &reference : nullptr,
            {options.kernel, options.seed, Purpose::training, options.friction}),
      blocks_(comm, options.particles, block_size(options.particles)),
      h_(first_length(options)) {
  comm_.together([&] { restart(0); });
}

Rows Cloud::reference_draws(std::int64_t block, std::uint64_t number) const {
  Rows xi(blocks_.length(block), reference_.dimension());
  for (Eigen::Index i = 0; i < xi.rows(); ++i) {
    normal_numbers(o_.seed, Purpose::trace, blocks_.begin(block) + i, number,
                   {xi.data() + i * xi.cols(), std::size_t(xi.cols())});
  }
  return reference_.points(xi);
}

void Cloud::restart(std::uint64_t number) {
  mine_.clear();
  ladders_.clear();
  const ExchangeOptions exchange{
      .replicas = o_.replicas, .acceptance = o_.acceptance, .first_step = h_, .seed = o_.seed};
  for (std::int64_t b = blocks_.first_block; b < blocks_.end_block; ++b) {
    if (tempered_) {
      ladders_.emplace_back(walk_, exchange, blocks_.begin(b), Eigen::Index(blocks_.length(b)));
      continue;
    }
    const Rows x = reference_draws(b, number);
    mine_.push_back(walk_.place(blocks_.begin(b), walk_.white().whiten(x), taken_));
    if (weighted_) mine_.back().U = reference_.energy(x);  // whose samples they are
  }
  equal_shares();
}

void Cloud::equal_shares() {
  shares_.clear();
  for (std::int64_t b = blocks_.first_block; b < blocks_.end_block; ++b) {
    shares_.push_back(Vector::Constant(blocks_.length(b), 1 / double(o_.particles)));
  }
  effective_ = 1;
}

double Cloud::advance() {
  std::vector<Vector> before;
  for (const Particles& p : mine_) before.push_back(p.U);
  comm_.together([&] {
    for (Particles& p : mine_) walk_.refresh(p);
    for (Ladders& l : ladders_) l.refresh();
  });
  if (weighted_) reweigh(before);
  double mean = 0;
  for (int k = 0; k < o_.steps; ++k, ++taken_) {
    mean += (tempered_ ? step_ladders() : step_singles()) / o_.steps;
  }
  return mean;
}

void Cloud::check(double broken) const {
  if (broken == 0) return;
  throw NumericalError(
      "the particles have exploded: their steps are unstable where the energy is steep; take "
      "kernel = \"mala\", a smaller particles.step, or a penalty");
}

double Cloud::step_singles() {
  const auto sum = tree_sum(comm_, blocks_, 2, [&](std::int64_t b, std::span<double> s) {
    Particles& p = mine_[std::size_t(b - blocks_.first_block)];
    const Eigen::Index n = p.z.rows();
    const Vector accepted = walk_.step(p, Vector::Ones(n), Vector::Constant(n, h_), taken_);
    for (Eigen::Index i = 0; i < n; ++i) s[0] += accepted[i];
    s[1] += exploded(p) ? 1 : 0;
  });
  check(sum[1]);
  const double accepted = sum[0] / double(o_.particles);
  if (o_.step <= 0) {
    h_ = std::clamp(h_ * std::exp(step_gain * (accepted - o_.acceptance)), min_step, max_step);
  }
  return accepted;
}

double Cloud::step_ladders() {
  const double gain = o_.step > 0 ? 0 : step_gain;
  const auto sum = tree_sum(comm_, blocks_, 2, [&](std::int64_t b, std::span<double> s) {
    Ladders& l = ladders_[std::size_t(b - blocks_.first_block)];
    s[0] += l.step(taken_, gain) * double(l.ladders());
    s[1] += l.exploded() ? 1 : 0;
  });
  check(sum[1]);
  return sum[0] / double(o_.particles);
}

double Cloud::step() const {
  if (!tempered_) return h_;
  const auto sum = tree_sum(comm_, blocks_, 1, [&](std::int64_t b, std::span<double> s) {
    const Ladders& l = ladders_[std::size_t(b - blocks_.first_block)];
    s[0] += l.h(o_.replicas - 1) * double(l.ladders());
  });
  return sum[0] / double(o_.particles);
}

Rows Cloud::points(std::int64_t number) const {
  const auto at = std::size_t(number - blocks_.first_block);
  return tempered_ ? ladders_[at].cold() : walk_.positions(mine_[at]);
}

Rows Cloud::all_points() const {
  std::vector<double> mine;
  for (std::int64_t b = blocks_.first_block; b < blocks_.end_block; ++b) {
    const Rows x = points(b);
    mine.insert(mine.end(), x.data(), x.data() + x.size());
  }
  const auto all = gather(comm_, std::span<const double>(mine));
  return Eigen::Map<const Rows>(all.data(), o_.particles, reference_.dimension());
}

}  // namespace otto
