#include "descent.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "otto/core/reproducible_sum.h"
#include "otto/learn/metric.h"

namespace otto {

namespace {

constexpr double b1 = 0.9, b2 = 0.99;  // gradients without noise: a short memory
constexpr double warm_up = 20;

}  // namespace

Descent::Descent(Training& training)
    : training_(training),
      m_(std::size_t(training.network.parameters()), 0.0),
      v_(m_.size(), 0.0) {}

void Descent::refresh(bool resumed) {
  if (!resumed) move_sampler();
  (void)value_and_gradient(g_);
}

double Descent::rate() const {
  const double last = double(std::max<std::int64_t>(training_.options.iterations, 1));
  const double fall = 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, double(k_) / last)));
  return training_.options.learning_rate * fall * std::min(1.0, double(k_ + 1) / warm_up);
}

IterationReport Descent::iterate() {
  const double eta = rate();
  ++k_;
  const double c1 = 1 - std::pow(b1, double(k_)), c2 = 1 - std::pow(b2, double(k_));
  std::vector<double> theta(m_.size());
  training_.network.get(theta);
  for (std::size_t i = 0; i < theta.size(); ++i) {
    m_[i] = b1 * m_[i] + (1 - b1) * g_[i];
    v_[i] = b2 * v_[i] + (1 - b2) * g_[i] * g_[i];
    theta[i] -= eta * (m_[i] / c1) / (std::sqrt(v_[i] / c2) + 1e-12);
  }
  training_.network.set(theta);
  training_.model.update();
  move_sampler();
  (void)value_and_gradient(g_);
  return {.step = eta};
}

void Descent::remember(Archive& archive) {
  archive.number("adam.k", k_);
  archive.numbers("adam.m", m_);
  archive.numbers("adam.v", v_);
}

std::vector<double> pull_back(const Training& training, std::span<const double> c) {
  std::vector<double> weight(c.size());
  for (std::size_t i = 0; i < c.size(); ++i) weight[i] = std::abs(c[i]);
  return pull_back(training.model, training.network, c, weight);
}

double expectation(const Training& training, std::span<const double> c) {
  const std::vector<double>& U = training.model.energy();
  ReproducibleSum sum;
  sum.add(c.size(), [&](std::size_t i) { return c[i] * U[i]; });
  return sum_of_all(training.mesh.comm, sum);
}

}  // namespace otto
