#include "interior_point.h"

#include <algorithm>
#include <cmath>

namespace otto {

namespace {

/// One bound: the multiplier m of a distance x >= 0, dx being its increment.
struct Pair {
  double x, m;
  [[nodiscard]] double increment(double dx, double nu) const { return (nu - m * dx) / x - m; }
};

/// The largest step that leaves `keep` of a positive value.
double reach_of(double value, double change, double keep) {
  return change < 0 ? (1 - keep) * value / -change : 1.0;
}

}  // namespace

void InteriorPoint::begin(std::span<const double> rho, Multipliers& m) const {
  if (below_) {
    m.below.resize(rho.size());
    for (std::size_t k = 0; k < rho.size(); ++k) m.below[k] = nu_ / rho[k];
  }
  if (above()) {
    m.above.resize(rho.size());
    for (std::size_t k = 0; k < rho.size(); ++k) m.above[k] = nu_ / (maximum_ - rho[k]);
  }
}

void InteriorPoint::settle(std::span<const double> rho, std::span<const double> miss, double close,
                           double keep, Multipliers& m) const {
  const auto take = [&](double& multiplier, double target) {
    if (target > keep * multiplier) multiplier = target;
  };
  for (std::size_t k = 0; k < rho.size(); ++k) {
    if (below_ && rho[k] < close) take(m.below[k], (above() ? m.above[k] : 0.0) - miss[k]);
    if (above() && maximum_ - rho[k] < close) {
      take(m.above[k], (below_ ? m.below[k] : 0.0) + miss[k]);
    }
  }
}

void InteriorPoint::apply(std::span<const double> volume, std::span<const double> rho,
                          const Multipliers& m, std::span<double> g, std::span<double> stiffness,
                          std::span<double> push, ReproducibleSum& misses,
                          ReproducibleSum& total) const {
  std::fill(push.begin(), push.end(), 0.0);
  const auto add = [&](std::size_t k, const Pair& p, double sign) {
    g[k] += sign * p.m;
    push[k] += sign * (nu_ / p.x - p.m);
    stiffness[k] += p.m / p.x;
    misses += volume[k] * std::abs(p.m * p.x - nu_);
    total += volume[k] * p.m * p.x;
  };
  for (std::size_t k = 0; below_ && k < rho.size(); ++k) add(k, {rho[k], m.below[k]}, 1);
  for (std::size_t k = 0; above() && k < rho.size(); ++k) {
    add(k, {maximum_ - rho[k], m.above[k]}, -1);
  }
}

double InteriorPoint::reach(std::span<const double> rho, std::span<const double> drho,
                            const Multipliers& m, double keep) const {
  double min = 1;
  const auto look = [&](const Pair& p, double dx) {
    min = std::min({min, reach_of(p.x, dx, keep), reach_of(p.m, p.increment(dx, nu_), keep)});
  };
  for (std::size_t k = 0; below_ && k < rho.size(); ++k) look({rho[k], m.below[k]}, drho[k]);
  for (std::size_t k = 0; above() && k < rho.size(); ++k) {
    look({maximum_ - rho[k], m.above[k]}, -drho[k]);
  }
  return min;
}

void InteriorPoint::move(std::span<const double> rho, std::span<const double> drho,
                         const Multipliers& m, double alpha, double keep, Multipliers& to) const {
  const auto moved = [&](const Pair& p, double dx) {
    return std::max(p.m + alpha * p.increment(dx, nu_), keep * p.m);
  };
  to.below.resize(m.below.size());
  to.above.resize(m.above.size());
  for (std::size_t k = 0; below_ && k < rho.size(); ++k) {
    to.below[k] = moved({rho[k], m.below[k]}, drho[k]);
  }
  for (std::size_t k = 0; above() && k < rho.size(); ++k) {
    to.above[k] = moved({maximum_ - rho[k], m.above[k]}, -drho[k]);
  }
}

}  // namespace otto
