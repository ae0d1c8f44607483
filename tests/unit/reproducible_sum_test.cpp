// Reproducible sums against exact ones: bits in every order and partition, size of the error, what is
// not finite.

#include "otto/core/reproducible_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace otto {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// An exact sum of doubles: digits of 32 bits from 2^-1074 on, with signs, carried when read.
class ExactSum {
 public:
  void add(double x) {
    if (x == 0) return;
    int exponent = 0;
    const auto whole =
        std::int64_t(std::ldexp(std::frexp(x, &exponent), 53));  // x = whole 2^(e-53)
    int place = exponent - 53 + 1074;
    auto size = std::uint64_t(std::abs(whole));
    if (place < 0) size >>= -place, place = 0;  // denormal: these bits are 0
    const std::int64_t sign = x < 0 ? -1 : 1;
    const int digit = place / 32, shift = place % 32;
    const auto wide = static_cast<unsigned __int128>(size) << shift;
    for (int k = 0; k < 3; ++k) {
      digits_[std::size_t(digit + k)] += sign * std::int64_t((wide >> (32 * k)) & 0xffffffff);
    }
  }
  /// Of the sum, to a few roundings.
  [[nodiscard]] double value() const {
    auto d = digits_;
    for (std::size_t k = 0; k + 1 < d.size(); ++k) {
      const std::int64_t carry = d[k] >> 32;  // towards minus infinity: all but the last >= 0
      d[k] -= carry * (std::int64_t{1} << 32);
      d[k + 1] += carry;
    }
    if (d.back() < 0) {  // of the opposite, whose leading digits are 0
      ExactSum opposite;
      for (std::size_t k = 0; k < d.size(); ++k) opposite.digits_[k] = -digits_[k];
      return -opposite.value();
    }
    double sum = 0;
    for (std::size_t k = d.size(); k-- > 0;) sum += std::ldexp(double(d[k]), int(32 * k) - 1074);
    return sum;
  }

 private:
  std::vector<std::int64_t> digits_ = std::vector<std::int64_t>(70, 0);
};

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

double sum_of(std::span<const double> x) {
  ReproducibleSum sum;
  sum.add(x);
  return sum.value();
}

/// Numbers of exponents within `range` of `middle`.
std::vector<double> numbers(std::mt19937_64& random, std::size_t n, int middle, int range) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::uniform_int_distribution<int> exponent(middle - range, middle + range);
  std::vector<double> x(n);
  for (double& v : x) v = std::ldexp(uniform(random), exponent(random));
  return x;
}

TEST(ReproducibleSum, BitsOfEveryOrderAndPartition) {
  std::mt19937_64 random(20);
  for (int trial = 0; trial < 300; ++trial) {
    const int range = std::vector{0, 3, 40, 85, 200, 1000}[std::size_t(trial % 6)];
    auto x =
        numbers(random, 1 + random() % 5000, range > 900 ? 0 : int(random() % 200) - 100, range);
    const double whole = sum_of(x);
    for (int again = 0; again < 3; ++again) {
      std::shuffle(x.begin(), x.end(), random);
      std::vector<ReproducibleSum::Bins> parts;
      for (std::size_t begin = 0; begin < x.size();) {
        const std::size_t n = std::min<std::size_t>(x.size() - begin, 1 + random() % 700);
        ReproducibleSum part;
        for (std::size_t k = 0; k < n; ++k) {
          part += x[begin + k];
          if (random() % 100 == 0) static_cast<void>(part.bins());  // taken apart at any time
        }
        parts.push_back(part.bins());
        begin += n;
      }
      std::shuffle(parts.begin(), parts.end(), random);
      while (parts.size() > 1) {  // in a tree of any shape
        const auto last = parts.back();
        parts.pop_back();
        parts[random() % parts.size()].add(last);
      }
      ASSERT_EQ(bits(parts.front().value()), bits(whole)) << "trial " << trial;
    }
  }
}

TEST(ReproducibleSum, IsCloserToTheExactSumThanItsTermsAreToEachOther) {
  std::mt19937_64 random(21);
  for (int trial = 0; trial < 200; ++trial) {
    const auto x = numbers(random, 1 + random() % 3000, int(random() % 1400) - 700, trial % 60);
    double max = 0;
    ExactSum error;
    for (const double v : x) error.add(v), max = std::max(max, std::abs(v));
    const double exact = error.value(), sum = sum_of(x);
    error.add(-sum);
    const double allowed =
        std::ldexp(double(x.size()) * max, -80) + std::ldexp(std::abs(exact), -52);
    EXPECT_LE(std::abs(error.value()), allowed) << "trial " << trial;
  }
}

TEST(ReproducibleSum, NothingCancelsAway) {
  std::vector<double> x;
  for (int k = 0; k < 3000; ++k)
    x.push_back(std::ldexp(1.0, 60)), x.push_back(-std::ldexp(1.0, 60));
  x.push_back(1.25);
  EXPECT_EQ(sum_of(x), 1.25);
}

TEST(ReproducibleSum, ManyOfTheSameSign) {
  ReproducibleSum sum;
  const std::size_t n = 1 << 23;
  sum.add(n, [](std::size_t) { return 0.1; });
  EXPECT_NEAR(sum.value(), 0.1 * double(n), 1e-16 * 0.1 * double(n));
}

TEST(ReproducibleSum, TheLargestAndTheSmallest) {
  const double max = std::numeric_limits<double>::max();
  EXPECT_EQ(sum_of(std::vector{max}), max);
  EXPECT_EQ(sum_of(std::vector{max, max, -max}), max);
  EXPECT_EQ(sum_of(std::vector{max, max}), infinity);
  EXPECT_EQ(sum_of(std::vector{-max, -max, 1.0}), -infinity);
  EXPECT_EQ(sum_of(std::vector{std::ldexp(1.0, -990), std::ldexp(1.0, -990)}),
            std::ldexp(1.0, -989));
  EXPECT_EQ(sum_of(std::vector{std::numeric_limits<double>::denorm_min()}), 0.0);
  EXPECT_EQ(sum_of(std::vector<double>{}), 0.0);
  EXPECT_EQ(sum_of(std::vector<double>(700, -0.0)), 0.0);
}

TEST(ReproducibleSum, WhatIsNotFinitePassesThrough) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> x(2000, 1.0);
  x[700] = infinity;
  EXPECT_EQ(sum_of(x), infinity);
  x[1900] = -infinity;
  EXPECT_TRUE(std::isnan(sum_of(x)));
  x[700] = 1;
  EXPECT_EQ(sum_of(x), -infinity);
  x[3] = nan;
  EXPECT_TRUE(std::isnan(sum_of(x)));
  x[1900] = 1e300;  // beside a large number
  EXPECT_TRUE(std::isnan(sum_of(x)));
}

TEST(ReproducibleSum, GroupsOfRowsAreThoseOfTheWholeWhereBlocksBeginAtGroups) {
  std::mt19937_64 random(23);
  constexpr std::size_t nx = 700, ny = 43, nz = 3;
  constexpr std::int64_t group = 8;
  const auto x = numbers(random, nx * ny * nz, 0, 50);
  const auto of_block = [&](std::size_t i0, std::size_t i1, std::size_t j0, std::size_t j1) {
    std::vector<double> part;
    for (std::size_t k = 0; k < nz; ++k) {
      for (std::size_t j = j0; j < j1; ++j) {
        const auto row = x.begin() + std::ptrdiff_t(nx * (j + ny * k));
        part.insert(part.end(), row + std::ptrdiff_t(i0), row + std::ptrdiff_t(i1));
      }
    }
    const RowBlock rows{.length = i1 - i0,
                        .rows = j1 - j0,
                        .planes = nz,
                        .first = std::int64_t(j0),
                        .group = group};
    std::array<ReproducibleSum, 2> sums;
    add_terms(sums, rows,
              [&](std::size_t i, auto once, auto thrice) { once(part[i]), thrice(3 * part[i]); });
    std::array<ReproducibleSum, 1> filled;
    add_rows(filled, rows, [&](std::size_t at, std::size_t n, const auto& to) {
      std::copy_n(part.begin() + std::ptrdiff_t(at), n, to[0]);
    });
    EXPECT_EQ(bits(sums[0].value()), bits(filled[0].value()));
    ReproducibleSum terms;
    GroupedTerms grouped(rows, terms);  // in pieces, as of runs of faces, and twice
    for (int sweep = 0; sweep < 2; ++sweep) {
      for (std::size_t at = 0; at < part.size(); at += 256) {
        grouped.add(at, std::span(part).subspan(at, std::min<std::size_t>(256, part.size() - at)));
      }
    }
    grouped.finish();
    EXPECT_EQ(bits(terms.value()), bits(2 * sums[0].value()));
    ReproducibleSum alone;
    alone.add(rows, [&](std::size_t i) { return part[i]; });
    return std::array{sums[0].bins(), alone.bins()};
  };
  const auto whole = of_block(0, nx, 0, ny);
  auto parts = of_block(0, 333, 0, 16);
  for (const auto& other :
       {of_block(333, nx, 0, 16), of_block(0, 333, 16, ny), of_block(333, nx, 16, ny)}) {
    for (std::size_t k = 0; k < parts.size(); ++k) parts[k].add(other[k]);
  }
  ExactSum exact;
  for (const double v : x) exact.add(v);
  for (std::size_t k = 0; k < parts.size(); ++k) {
    EXPECT_EQ(bits(parts[k].value()), bits(whole[k].value()));
    EXPECT_NEAR(whole[k].value(), exact.value(), 1e-12 * std::abs(exact.value()));
  }
}

TEST(ReproducibleSum, SeveralInOneSweep) {
  std::mt19937_64 random(22);
  const auto x = numbers(random, 1777, 0, 30);
  std::array<ReproducibleSum, 2> sums;
  add_terms(sums, x.size(),
            [&](std::size_t i, auto plain, auto square) { plain(x[i]), square(x[i] * x[i]); });
  ReproducibleSum squares;
  for (const double v : x) squares += v * v;
  EXPECT_EQ(bits(sums[0].value()), bits(sum_of(x)));
  EXPECT_EQ(bits(sums[1].value()), bits(squares.value()));
}

}  // namespace
}  // namespace otto
