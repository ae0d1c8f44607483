#pragma once
// The exponential in two pieces, from which exp and the fluxes are put together, written so that the
// compiler can vectorise the loops it is inlined into (no call of the mathematical library).
//
//   t = k ln 2 + r,  |r| <= ln(2)/2,     e^t = 2^k (1 + q),   q = e^r - 1.
//
// q is the Taylor polynomial of degree 13: the first neglected term, r^13 / 14! relative to r, is
// 1.2e-17, a tenth of a rounding. ln 2 is split in two (Cody & Waite) so that k ln 2 costs none.

#include <bit>
#include <cstdint>

namespace otto {

/// e^t = 2^k (1 + q).
struct SplitExponential {
  double q = 0;
  std::int64_t k = 0;
};

/// a b + c, in one rounding where the processor has an instruction for it: as fast as the compiler's
/// own contraction, which is off since it may differ between the body of a loop and its rest.
[[gnu::always_inline]] inline double multiply_add(double a, double b, double c) {
#ifdef __FMA__
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// The polynomial with these coefficients, the leading one first, by Horner's rule.
template <class... Rest>
[[gnu::always_inline]] inline double horner(double x, double leading, Rest... rest) {
  double p = leading;
  ((p = multiply_add(p, x, rest)), ...);
  return p;
}

/// For |t| <= 1e6. q has a relative error of about one rounding, also near t = 0.
[[gnu::always_inline]] inline SplitExponential split_exponential(double t) {
  constexpr double shift = 0x1.8p52;  // adding it rounds to an integer, kept in the low bits
  constexpr double inverse_ln2 = 0x1.71547652b82fep0;
  constexpr double ln2_high = 0x1.62e42feep-1;  // 21 trailing zeros: k ln2_high is exact
  constexpr double ln2_low = 0x1.a39ef35793c76p-33;
  const double shifted = t * inverse_ln2 + shift;
  const double k = shifted - shift;
  const double r = multiply_add(-k, ln2_low, t - k * ln2_high);
  const double p =
      horner(r, 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
             1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
  return {multiply_add(r * r, p, r),
          std::bit_cast<std::int64_t>(shifted) - std::bit_cast<std::int64_t>(shift)};
}

/// 2^n for -1022 <= n <= 1023.
[[gnu::always_inline]] inline double power_of_two(std::int64_t n) {
  return std::bit_cast<double>((n + 1023) << 52);
}

}  // namespace otto
