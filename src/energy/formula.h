#pragma once
// For the files of the library: an external energy is a function of the point.

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include "otto/energy/free_energy.h"

namespace otto {

inline constexpr double pi = std::numbers::pi;

/// V(x) = f(x), evaluated in a loop the compiler sees through.
template <class F>
class Formula final : public ExternalEnergy {
 public:
  explicit Formula(F f) : f_(std::move(f)) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    for (std::size_t i = 0; i < points.size(); ++i) values[i] = f_(points[i]);
  }

 private:
  F f_;
};

template <class F>
std::unique_ptr<ExternalEnergy> formula(F f) {
  return std::make_unique<Formula<F>>(std::move(f));
}

/// Factory of an energy without parameters, f(point, dimension).
template <class F>
ExternalFactory fixed(F f) {
  return [f](const Section&, int d) { return formula([f, d](const Point& x) { return f(x, d); }); };
}

/// Factory of sum_a f(x_a).
template <class F>
ExternalFactory sum_over_axes(F f) {
  return fixed([f](const Point& x, int d) {
    double sum = 0;
    for (int a = 0; a < d; ++a) sum += f(x[static_cast<std::size_t>(a)]);
    return sum;
  });
}

inline double square(double x) { return x * x; }

/// |x|^2; coordinates beyond the dimension are 0.
inline double norm_squared(const Point& x) { return x[0] * x[0] + x[1] * x[1] + x[2] * x[2]; }

/// log(e^a + e^b) without overflow.
inline double log_sum_exp(double a, double b) {
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

/// e^min(x, 600): finite, and far above any energy of interest where the limit acts.
inline double limited_exp(double x) { return std::exp(std::min(x, 600.0)); }

}  // namespace otto
