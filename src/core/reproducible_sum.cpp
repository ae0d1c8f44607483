// Shares of a chunk whose largest |x| is below u_(t+1) / 2: with M = 1.5 2^52 u_j the rounding of
// x + M is to a multiple of u_j, so q = (x + M) - M and the rest x - q are exact.

#include "otto/core/reproducible_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "otto/core/split_exponential.h"

namespace otto {

namespace {

constexpr int width = 40, lowest_exponent = -1074;
constexpr std::int64_t lowest_top = 4, highest_top = 52;
constexpr std::int64_t has_nan = 1, has_plus = 2, has_minus = 4;
constexpr std::uint64_t no_sign = ~(std::uint64_t{1} << 63);

/// The highest bin whose share of numbers below 2^(exponent + 1) may differ from 0.
std::int64_t top_of(std::int64_t exponent) {
  const std::int64_t top = (exponent + 1 - lowest_exponent + 1 + width - 1) / width - 1;
  return std::max(top, lowest_top);
}

/// x 2^n for any n, in steps that neither overflow nor underflow before the result does.
double scaled(double x, std::int64_t n) {
  const std::int64_t half = n / 2;
  return x * power_of_two(half) * power_of_two(n - half);
}

/// The largest |x| as bits, among which nan is the largest; in lanes that do not wait for each other.
std::int64_t largest_size(const double* x, std::size_t n) {
  constexpr std::size_t lanes = 32;
  std::array<std::int64_t, lanes> largest{};
  const auto size = [x](std::size_t i) {
    return std::int64_t(std::bit_cast<std::uint64_t>(x[i]) & no_sign);
  };
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
#pragma omp simd
    for (std::size_t l = 0; l < lanes; ++l)
      largest[l] = size(i + l) > largest[l] ? size(i + l) : largest[l];
  }
  for (; i < n; ++i) largest[0] = std::max(largest[0], size(i));
  return *std::ranges::max_element(largest);
}

/// What a chunk is taken apart with: the numbers times a power of two, M of the bins, and a one that
/// the compiler does not see through: x * one + M goes to the processor's multipliers, which are idle
/// otherwise.
struct Cut {
  double scale = 1, one = 1;
  std::array<double, 3> M{};
};

/// The sums of the shares in the `Count` bins from the top one on.
template <int Count>
std::array<double, 3> share_out(const double* x, std::size_t n, const Cut& cut) {
  double s0 = 0, s1 = 0, s2 = 0;
  const double scale = cut.scale, one = cut.one, M0 = cut.M[0], M1 = cut.M[1], M2 = cut.M[2];
#pragma omp simd reduction(+ : s0, s1, s2)
  for (std::size_t i = 0; i < n; ++i) {
    const double q0 = multiply_add(x[i], scale, M0) - M0;
    s0 += q0;
    if constexpr (Count > 1) {
      const double r1 = multiply_add(x[i], scale, -q0), q1 = multiply_add(r1, one, M1) - M1;
      s1 += q1;
      if constexpr (Count > 2) {
        const double r2 = multiply_add(r1, one, -q1);
        s2 += multiply_add(r2, one, M2) - M2;
      }
    }
  }
  return {s0, s1, s2};
}

std::int64_t special_of(std::span<const double> x) {
  std::int64_t met = 0;
  for (const double v : x) {
    if (std::isnan(v)) met |= has_nan;
    if (std::isinf(v)) met |= v > 0 ? has_plus : has_minus;
  }
  return met;
}

/// The bins of `b` as those from `top` on: what lies below is dropped.
void raise(ReproducibleSum::Bins& b, std::int64_t top) {
  const auto by = std::size_t(std::min<std::int64_t>(top - b.top, b.count));
  for (std::size_t k = b.count; k-- > 0;) {
    b.high[k] = k >= by ? b.high[k - by] : 0;
    b.low[k] = k >= by ? b.low[k - by] : 0;
  }
  b.top = top;
}

using Bins = ReproducibleSum::Bins;

void add_bins(void* in, void* in_out, int* count, MPI_Datatype*) {
  for (int i = 0; i < *count; ++i) static_cast<Bins*>(in_out)[i].add(static_cast<Bins*>(in)[i]);
}

/// How MPI adds bins; made once, and as long-lived as MPI.
struct BinSum {
  MPI_Datatype type = MPI_DATATYPE_NULL;
  MPI_Op op = MPI_OP_NULL;
  BinSum() {
    MPI_Type_contiguous(int(sizeof(Bins)), MPI_BYTE, &type);
    MPI_Type_commit(&type);
    MPI_Op_create(add_bins, 1, &op);
  }
};

}  // namespace

double sum_of_all(const Comm& comm, const ReproducibleSum& x) {
  return sums_of_all(comm, {&x, 1}).front();
}

std::vector<double> sums_of_all(const Comm& comm, std::span<const ReproducibleSum> x) {
  std::vector<Bins> bins;
  for (const ReproducibleSum& one : x) bins.push_back(one.bins());
  if (comm.size() > 1) {
    static const BinSum sum;
    MPI_Allreduce(MPI_IN_PLACE, bins.data(), int(bins.size()), sum.type, sum.op, comm.handle());
  }
  std::vector<double> values;
  for (const Bins& b : bins) values.push_back(b.value());
  return values;
}

void ReproducibleSum::take_apart() const {
  const std::size_t n = waiting_;
  waiting_ = 0;
  const std::int64_t largest = largest_size(numbers_.data(), n);
  if (largest == 0) return;
  const std::int64_t exponent = (largest >> 52) - 1023;
  if (exponent == 1024) {
    bins_.special |= special_of(std::span(numbers_).first(n));
    return;
  }
  const std::int64_t top = top_of(exponent);
  if (top > bins_.top) raise(bins_, top);
  const std::int64_t skipped = bins_.top - top, kept = Bins::count - skipped;
  if (kept <= 0) return;
  // Of the highest bin M would overflow: numbers and units are taken 2^-40 smaller.
  const std::int64_t down = top == highest_top ? 1 : 0;
  Cut cut{.scale = power_of_two(-width * down)};
  std::array<std::int64_t, 3> unit{};
  for (std::size_t k = 0; k < unit.size(); ++k) {
    unit[k] = width * (top - down - std::int64_t(k)) + lowest_exponent;
    cut.M[k] = 1.5 * power_of_two(52 + unit[k]);
  }
  cut.one = cut.M[0] / cut.M[0];
  const double* x = numbers_.data();
  const auto sums = kept == 3   ? share_out<3>(x, n, cut)
                    : kept == 2 ? share_out<2>(x, n, cut)
                                : share_out<1>(x, n, cut);
  for (std::size_t k = 0; k < std::size_t(kept); ++k) {
    const auto whole = std::int64_t(scaled(sums[k], -unit[k]));
    bins_.high[k + std::size_t(skipped)] += whole >> 32;
    bins_.low[k + std::size_t(skipped)] += whole & 0xffffffff;
  }
}

void ReproducibleSum::Bins::add(const Bins& other) {
  Bins theirs = other;
  if (theirs.top > top) raise(*this, theirs.top);
  if (theirs.top < top) raise(theirs, top);
  special |= theirs.special;
  for (std::size_t k = 0; k < count; ++k) {
    high[k] += theirs.high[k];
    low[k] += theirs.low[k];
  }
}

/// What a bin holds beyond half a unit of the next one is carried there; then each sum of two is
/// rounded once.
double ReproducibleSum::Bins::value() const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (special != 0) {
    if ((special & has_nan) != 0 || (special & (has_plus | has_minus)) == (has_plus | has_minus)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    return (special & has_plus) != 0 ? infinity : -infinity;
  }
  if (top == 0) return 0;
  std::array<__int128, count> n{};
  __int128 carry = 0;
  constexpr __int128 one = __int128{1} << width;
  for (std::size_t k = count; k-- > 0;) {
    n[k] = (__int128{high[k]} << 32) + low[k] + carry;
    carry = k > 0 ? (n[k] + one / 2) >> width : 0;
    n[k] -= carry * one;
  }
  const std::int64_t unit = width * top + lowest_exponent;
  // in units of the middle bin, where nothing overflows
  const double low_two = double(n[1]) + double(n[2]) * power_of_two(-width);
  return scaled(double(n[0]) * power_of_two(width) + low_two, unit - width);
}

}  // namespace otto
