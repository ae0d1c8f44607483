#include "otto/time/extrapolation.h"

#include <algorithm>

namespace otto {

void Extrapolation::reset() {
  known_ = 0;
  degree_.fill(0);
}

void Extrapolation::push(double t, std::span<const double> rho) {
  std::ranges::rotate(points_, points_.end() - 1);
  points_[0].time = t;
  points_[0].rho.assign(rho.begin(), rho.end());
  known_ = std::min(known_ + 1, 3);
}

Extrapolation::Weights Extrapolation::weights(int degree, double t) const {
  Weights w{};
  for (std::size_t i = 0; i <= static_cast<std::size_t>(degree); ++i) {
    w[i] = 1;
    for (std::size_t j = 0; j <= static_cast<std::size_t>(degree); ++j) {
      if (j == i) continue;
      w[i] *= (t - points_[j].time) / (points_[i].time - points_[j].time);
    }
  }
  return w;
}

void Extrapolation::guess(int slot, double t, std::span<double> rho) const {
  int degree = std::min(degree_[static_cast<std::size_t>(slot)], known_ - 1);
  // A leap much longer than the last one amplifies what the polynomial does not know.
  if (degree > 0) {
    const double stretch = (t - points_[0].time) / (points_[0].time - points_[1].time);
    degree = std::min(degree, stretch > 4 ? 0 : stretch > 2 ? 1 : 2);
  }
  const Weights w = weights(degree, t);
  const std::size_t n = rho.size();
  const double* newest = points_[0].rho.data();
  const double* older = points_[degree > 0 ? 1 : 0].rho.data();
  const double* oldest = points_[degree > 1 ? 2 : 0].rho.data();
  // Written as increments, so that equal states give exactly that state.
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    rho[i] = newest[i] + (w[1] * (older[i] - newest[i]) + w[2] * (oldest[i] - newest[i]));
  }
}

void Extrapolation::learn(int slot, double t, std::span<const double> rho) {
  if (known_ == 0) return;
  std::array<double, 3> miss{};
  const Weights linear = known_ > 1 ? weights(1, t) : Weights{};
  const Weights quadratic = known_ > 2 ? weights(2, t) : Weights{};
  const double* a = points_[0].rho.data();
  const double* b = points_[known_ > 1 ? 1 : 0].rho.data();
  const double* c = points_[known_ > 2 ? 2 : 0].rho.data();
  double m0 = 0, m1 = 0, m2 = 0;
#pragma omp simd reduction(+ : m0, m1, m2)
  for (std::size_t i = 0; i < rho.size(); ++i) {
    const double e0 = a[i] - rho[i], step = b[i] - a[i], far = c[i] - a[i];
    const double e1 = e0 + linear[1] * step;
    const double e2 = e0 + (quadratic[1] * step + quadratic[2] * far);
    m0 += e0 * e0;
    m1 += e1 * e1;
    m2 += e2 * e2;
  }
  miss = {m0, m1, m2};
  comm_.sum_in_place(miss);
  int best = 0;
  for (int degree = 1; degree < known_; ++degree) {
    if (miss[static_cast<std::size_t>(degree)] < miss[static_cast<std::size_t>(best)]) {
      best = degree;
    }
  }
  degree_[static_cast<std::size_t>(slot)] = best;
}

}  // namespace otto
