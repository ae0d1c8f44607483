#include "ladders.h"

#include <cmath>

namespace otto {

Ladders::Ladders(const Walk& walk, const ExchangeOptions& o, std::int64_t first, Eigen::Index m)
    : walk_(walk), o_(o), m_(m), R_(o.replicas), b_(R_ * m), h_(R_ * m) {
  p_ = walk_.draw(first * R_, R_ * m, 0);
  for (Eigen::Index r = 0; r < R_; ++r) {
    b_.segment(r * m, m).setConstant(std::pow(double(r) / double(R_ - 1), o.power));
  }
  h_.setConstant(o.first_step);
  born_.assign(std::size_t(R_ * m), 0);
  swaps.assign(std::size_t(R_ - 1), 0);
  tries.assign(std::size_t(R_ - 1), 0);
}

void Ladders::start(Eigen::Index j, const Rows& z) {
  const Particles one = walk_.place(0, z);
  copy_particle(one, 0, p_, (R_ - 1) * m_ + j);
}

double Ladders::step(std::uint64_t number, double gain) {
  const Vector accepted = walk_.step(p_, b_, h_, number);
  double mean = 0;
  for (Eigen::Index r = 0; r < R_; ++r) {
    mean = accepted.segment(r * m_, m_).mean();
    if (gain > 0) h_.segment(r * m_, m_) *= std::exp(gain * (mean - o_.acceptance));
  }
  if (gain == 0) accepted_ += mean;
  std::fill_n(born_.begin(), m_, 1);
  for (Eigen::Index r = Eigen::Index(number % 2); r + 1 < R_; r += 2) exchange(r, number);
  return mean;
}

void Ladders::collect(std::size_t half) {
  const Vector f = p_.f();
  for (Eigen::Index r = 0; r < R_; ++r) {
    auto& all = f_[half];
    all.resize(std::size_t(R_));
    for (Eigen::Index j = 0; j < m_; ++j) all[std::size_t(r)].push_back(f[r * m_ + j]);
  }
}

double Ladders::born() const {
  double sum = 0;
  for (Eigen::Index j = 0; j < m_; ++j) sum += born_[std::size_t((R_ - 1) * m_ + j)];
  return sum;
}

void Ladders::exchange(Eigen::Index r, std::uint64_t number) {
  for (Eigen::Index j = 0; j < m_; ++j) {
    const Eigen::Index i = r * m_ + j, k = i + m_;
    const double log_ratio = (b_[k] - b_[i]) * ((p_.U0[i] - p_.U[i]) - (p_.U0[k] - p_.U[k]));
    const double chance = std::isfinite(log_ratio) ? std::exp(std::min(0.0, log_ratio)) : 0;
    swaps[std::size_t(r)] += chance;
    tries[std::size_t(r)] += 1;
    const double u = uniform_number(o_.seed, Purpose::resampling, p_.first + i, number, 1);
    if (!(u < chance)) continue;
    swap_particles(p_, i, k);
    std::swap(born_[std::size_t(i)], born_[std::size_t(k)]);
  }
}

std::vector<double> Ladders::state() const {
  std::vector<double> all(p_.z.data(), p_.z.data() + p_.z.size());
  for (Eigen::Index r = 0; r < R_; ++r) all.push_back(h(r));
  return all;
}

void Ladders::restore(std::span<const double> state) {
  const Eigen::Index d = p_.z.cols(), n = R_ * m_;
  p_ = walk_.place(p_.first, Eigen::Map<const Rows>(state.data(), n, d));
  for (Eigen::Index r = 0; r < R_; ++r) {
    h_.segment(r * m_, m_).setConstant(state[std::size_t(n * d + r)]);
  }
}

}  // namespace otto
