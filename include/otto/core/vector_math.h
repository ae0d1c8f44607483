#pragma once
// Elementary functions of whole arrays, written so that the compiler turns them into vector
// instructions, and sums whose rounding does not grow with the number of cells.

#include <span>

namespace otto {

/// out[i] = log x[i], within 4 ulp of the exact value for every x >= 0, denormals included;
/// log 0 = -inf, log inf = inf, nan for negative numbers and nan. `out` may be `x`.
void log_of(std::span<const double> x, std::span<double> out);

/// out[i] = e^x[i], within 4 ulp where the result is a normal number; gradual underflow to 0,
/// overflow to inf; nan for nan. `out` may be `x`.
void exp_of(std::span<const double> x, std::span<double> out);

/// Identric mean theta of a[i], b[i] >= 0 and its derivative in b,
///   log theta = (b log b - a log a) / (b - a) - 1,      theta(a, a) = a,
/// continued to theta(0, b) = b / e, theta(a, 0) = a / e, theta(0, 0) = 0 (and slope(0, b) = 1 / e).
/// The slope is +inf for b = 0 < a.
void identric_of(std::span<const double> a, std::span<const double> b, std::span<double> theta,
                 std::span<double> slope);

/// Adds many numbers with an error of a few ulp whatever their count: parts are added pairwise by
/// the caller's blocks, blocks with Neumaier's compensation.
class Accumulator {
 public:
  void add(double x) {
    const double t = sum_ + x;
    const double big = sum_ < 0 ? -sum_ : sum_, small = x < 0 ? -x : x;
    lost_ += big >= small ? (sum_ - t) + x : (x - t) + sum_;
    sum_ = t;
  }
  [[nodiscard]] double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0, lost_ = 0;
};

}  // namespace otto
