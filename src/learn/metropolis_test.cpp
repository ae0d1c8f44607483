#include "metropolis_test.h"

#include <algorithm>
#include <cmath>

#include "otto/core/random.h"

namespace otto {

namespace {

constexpr std::uint64_t test_seed = 0x6d657472;  // keeps its numbers apart from those of the steps
constexpr double reach = 8;  ///< standard deviations beyond which images count for nothing

}  // namespace

MetropolisTest::MetropolisTest(const ParticleBox& box, double h, std::uint64_t seed,
                               const SlopeFunction& slope, const EnergyFunction& energy)
    : box_(box), h_(h), seed_(seed ^ test_seed), slope_(slope), energy_(energy) {}

void MetropolisTest::begin(std::span<const Point> x) {
  x_.assign(x.begin(), x.end());
  for (auto* v : {&slope_x_, &slope_y_}) v->resize(x.size());
  for (auto* v : {&U_x_, &U_y_}) v->resize(x.size());
  energy_(x_, U_x_);
  slope_(x_, slope_x_);
}

void MetropolisTest::settle(std::span<Point> y, std::uint64_t stream, std::uint64_t step) {
  energy_(y, U_y_);
  slope_(y, slope_y_);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double log_ratio = U_x_[i] - U_y_[i] + log_kernel(x_[i], y[i], slope_y_[i]) -
                             log_kernel(y[i], x_[i], slope_x_[i]);
    const double u = RandomAt(seed_, stream + i, step).uniform()[0];
    if (std::log(u) < log_ratio) {
      x_[i] = y[i];
      U_x_[i] = U_y_[i];
      slope_x_[i] = slope_y_[i];
    } else {
      y[i] = x_[i];
    }
  }
}

/// A product over the axes, each a sum over the images of `to`: at to + m L on a periodic axis, at
/// +-to + 2 m L (from the lower wall) on a walled one. The law of a folded step depends on its mean
/// folded back only.
double MetropolisTest::log_kernel(const Point& to, const Point& from, const Point& slope) const {
  Point mean = from;
  for (std::size_t a = 0; a < std::size_t(box_.dimension); ++a) mean[a] -= h_ * slope[a];
  mean = box_.fold(mean);
  double sum = 0;
  for (std::size_t a = 0; a < std::size_t(box_.dimension); ++a) {
    const double length = box_.upper[a] - box_.lower[a];
    const double lap = box_.periodic[a] ? length : 2 * length;
    const double m = mean[a] - box_.lower[a], x = to[a] - box_.lower[a];
    const int laps = 1 + int(reach * std::sqrt(2 * h_) / lap);
    double nearest = (x - m) * (x - m), total = 0;
    for (int pass = 0; pass < 2; ++pass) {  // the nearest image first, against underflow
      for (int k = -laps; k <= laps; ++k) {
        for (const double image : {x + k * lap, -x + k * lap}) {
          if (box_.periodic[a] && image != x + k * lap) continue;
          const double d2 = (image - m) * (image - m);
          if (pass == 0) nearest = std::min(nearest, d2);
          if (pass == 1) total += std::exp((nearest - d2) / (4 * h_));
        }
      }
    }
    sum += std::log(total) - nearest / (4 * h_);
  }
  return sum;
}

}  // namespace otto
