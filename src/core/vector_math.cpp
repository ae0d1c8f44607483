// log: x = 2^k m with m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1),
//   log x = k log 2 + 2 s + 2 s^3 (1/3 + s^2/5 + s^4/7 + ...),       |s| <= 0.1716.
// exp: e^x = 2^k (1 + q) of split_exponential.h.
// Identric mean, with M = max(a, b), q = min(a, b) / M, d = 1 - q:
//   theta = M e^h,  h(q) = q log q / (q - 1) - 1 = - d/(1 2) - d^2/(2 3) - d^3/(3 4) - ...
//   h'(q) = (q - 1 - log q) / (q - 1)^2          = 1/2 + d/3 + d^2/4 + ...
//   d theta / db = e^h (1 - q h') where b = M,   e^h h' where a = M.
// The series are used for d < 0.15. No branches: every choice is a selection the compiler vectorises.

#include "otto/core/vector_math.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "otto/core/split_exponential.h"

namespace otto {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double log2_high = 0x1.62e42fee00000p-1;  // 21 trailing zero bits: k log2_high is exact
constexpr double log2_low = 0x1.a39ef35793c76p-33;
constexpr std::uint64_t bits_of_root_half = 0x3fe6a09e667f3bcd;

[[gnu::always_inline]] inline double log_one(double x) {
  const bool tiny = x < std::numeric_limits<double>::min();
  const double scaled = tiny ? x * 0x1p54 : x;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(scaled);  // unsigned: nan may wrap around
  // k + 1023 >= 0 in the low bits; made a double without a conversion instruction
  const std::uint64_t biased = (bits - bits_of_root_half + (std::uint64_t{1023} << 52)) >> 52;
  const double k = std::bit_cast<double>(biased | std::bit_cast<std::uint64_t>(0x1p52)) - 0x1p52 -
                   (tiny ? 1077.0 : 1023.0);
  const double m = std::bit_cast<double>(bits - ((biased << 52) - (std::uint64_t{1023} << 52)));
  const double f = m - 1, s = f / (m + 1), z = s * s;
  const double p = horner(z, 2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11,
                          2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3);
  // 2 s = f - s f, so that the leading term f carries no rounding of the division
  const double tail = s * multiply_add(z, p, -f);
  const double y = multiply_add(k, log2_high, f + multiply_add(k, log2_low, tail));
  const double positive = x == infinity ? infinity : y;
  const double at_zero = x == 0 ? -infinity : quiet_nan;
  return x > 0 ? positive : at_zero;
}

[[gnu::always_inline]] inline double exp_one(double x) {
  const double low = x < -746.0 ? -746.0 : x;
  const double c = low > 710.0 ? 710.0 : low;  // the result is 0 or inf beyond; nan stays nan
  const auto [q, k] = split_exponential(c);
  // 2^k in two factors: either may be far outside the range of normal numbers together
  const std::int64_t half =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(k + 4096) >> 1) - 2048;
  return (1 + q) * power_of_two(half) * power_of_two(k - half);
}

}  // namespace

void log_of(std::span<const double> x, std::span<double> out) {
  const double* in = x.data();
  double* to = out.data();
  const std::size_t n = x.size();
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) to[i] = log_one(in[i]);
}

void exp_of(std::span<const double> x, std::span<double> out) {
  const double* in = x.data();
  double* to = out.data();
  const std::size_t n = x.size();
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) to[i] = exp_one(in[i]);
}

void identric_of(std::span<const double> a, std::span<const double> b, std::span<double> theta,
                 std::span<double> slope) {
  const std::size_t n = a.size();
  const double *pa = a.data(), *pb = b.data();
  double *pt = theta.data(), *ps = slope.data();
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) {
    const double x = pa[i], y = pb[i];
    const bool grows = y >= x;
    const double M = grows ? y : x, min = grows ? x : y;
    const double safe = M > 0 ? M : 1.0;
    const double q = min / safe, d = (M - min) / safe;
    double h = 1.0 / 306, g = 1.0 / 19;  // of d^17 and d^17
    constexpr double ch[] = {1.0 / 272, 1.0 / 240, 1.0 / 210, 1.0 / 182, 1.0 / 156, 1.0 / 132,
                             1.0 / 110, 1.0 / 90,  1.0 / 72,  1.0 / 56,  1.0 / 42,  1.0 / 30,
                             1.0 / 20,  1.0 / 12,  1.0 / 6,   1.0 / 2};
    for (int k = 0; k < 16; ++k) {
      h = multiply_add(h, d, ch[k]);
      g = multiply_add(g, d, 1.0 / (18 - k));
    }
    const double g_series = g * d + 0.5;
    const double h_series = -h * d;
    const double log_q = log_one(q);
    const double wide = d > 0.1 ? d : 1.0;
    const double h_wide = q > 0 ? -q * log_q / wide - 1 : -1.0;
    const double g_wide = (-d - log_q) / (wide * wide);
    const bool near = d < 0.15;
    const double hq = near ? h_series : h_wide, gq = near ? g_series : g_wide;
    const double e = exp_one(hq);
    const double q_gq = q > 0 ? q * gq : 0.0;
    pt[i] = M * e;
    const double rises = M > 0 ? 1 - q_gq : 1.0;
    const double e_safe = M > 0 ? e : 0.36787944117144233;
    ps[i] = grows ? e_safe * rises : e * gq;
  }
}

}  // namespace otto
