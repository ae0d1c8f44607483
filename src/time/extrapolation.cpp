#include "otto/time/extrapolation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "otto/core/reproducible_sum.h"

namespace otto {

void Extrapolation::reset() {
  known_ = 0;
  degree_.fill(0);
  same_.fill(0);
  resting_.fill(0);
  misses_ = {};
}

void Extrapolation::remember(Archive& archive) {
  archive.number("known", known_);
  for (std::size_t i = 0; i < degree_.size(); ++i) {
    archive.number("degree" + std::to_string(i), degree_[i]);
    if (archive.holds(fmt::format("same{}", i))) {
      archive.number(fmt::format("same{}", i), same_[i]);
      archive.number(fmt::format("resting{}", i), resting_[i]);
    }
    for (std::size_t q = 0; q < max_points && options_.memory > 0; ++q) {
      const std::string name = fmt::format("miss{}_{}", i, q);
      if (archive.holds(name)) archive.number(name, misses_[i][q]);
    }
  }
  for (std::size_t i = 0; i < static_cast<std::size_t>(known_); ++i) {
    archive.number("time" + std::to_string(i), points_[i].time);
    archive.cells("density" + std::to_string(i), points_[i].rho);
  }
}

void Extrapolation::push(double t, std::span<const double> rho) {
  std::rotate(points_.begin(), points_.end() - 1, points_.end());
  points_[0].time = t;
  points_[0].rho.assign(rho.begin(), rho.end());
  known_ = std::min(known_ + 1, int(max_points));
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
  if (degree > 0) {
    const double stretch = (t - points_[0].time) / (points_[0].time - points_[1].time);
    const int allowed = stretch > options_.max_linear_leap ? 0
                        : stretch > options_.max_leap      ? 1
                                                           : degree;
    degree = std::min(degree, allowed);
  }
  const Weights w = weights(degree, t);
  const auto at = [&](int i) { return points_[std::size_t(i <= degree ? i : 0)].rho.data(); };
  const double *a = at(0), *b = at(1), *c = at(2), *d = at(3);
  const std::size_t n = rho.size();
  // Written as increments, so that equal states give exactly that state.
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    rho[i] = a[i] + (w[1] * (b[i] - a[i]) + w[2] * (c[i] - a[i]) + w[3] * (d[i] - a[i]));
  }
}

void Extrapolation::learn(int slot, double t, std::span<const double> rho) {
  const auto s = static_cast<std::size_t>(slot);
  if (known_ == 0) return;
  if (resting_[s] > 0) {
    --resting_[s];
    return;
  }
  const auto degree_weights = [&](int degree) {
    return degree < known_ ? weights(degree, t) : Weights{};
  };
  const Weights w1 = degree_weights(1), w2 = degree_weights(2), w3 = degree_weights(3);
  const auto at = [&](int i) { return points_[std::size_t(i < known_ ? i : 0)].rho.data(); };
  const double *a = at(0), *b = at(1), *c = at(2), *d = at(3);
  std::array<ReproducibleSum, max_points> squares;
  add_terms(squares, rows_.length > 0 ? rows_ : RowBlock{.length = rho.size()},
            [&](std::size_t i, auto put0, auto put1, auto put2, auto put3) {
              const double e0 = a[i] - rho[i], x = b[i] - a[i], y = c[i] - a[i], z = d[i] - a[i];
              const double e1 = e0 + w1[1] * x;
              const double e2 = e0 + (w2[1] * x + w2[2] * y);
              const double e3 = e0 + (w3[1] * x + w3[2] * y + w3[3] * z);
              put0(e0 * e0);
              put1(e1 * e1);
              put2(e2 * e2);
              put3(e3 * e3);
            });
  const std::vector<double> last = sums_of_all(comm_, squares);
  auto& miss = misses_[s];
  for (std::size_t q = 0; q < max_points; ++q) miss[q] = options_.memory * miss[q] + last[q];
  const int best = int(std::min_element(miss.begin(), miss.begin() + known_) - miss.begin());
  const bool comparable = options_.memory == 0 && known_ == int(max_points);
  same_[s] = comparable && best == degree_[s] ? same_[s] + 1 : 0;
  resting_[s] = same_[s] >= options_.settled ? options_.rest : 0;
  degree_[s] = best;
}

}  // namespace otto
