#pragma once
// Sums that come out with the same bits whatever the order of the numbers and however they are
// shared out among ranks. After J. Demmel, H. D. Nguyen, "Parallel reproducible summation", IEEE
// Trans. Comput. 64 (2015) 2060, and P. Ahrens, J. Demmel, H. D. Nguyen, "Algorithms for efficient
// reproducible floating point summation", ACM Trans. Math. Softw. 46 (2020) 22 ("indexed" sums):
// the real line is cut into bins at fixed places, of unit
//
//   u_j = 2^(40 j - 1074),   j = 2 ... 52,
//
// and every x is the sum of its shares in the bins, whatever else is added,
//
//   q_j(x) = [x]_j - [x]_(j+1),   [x]_j = x rounded to a multiple of u_j,  |q_j| <= u_(j+1) / 2.
//
// Sums of q_j are whole multiples of u_j and exact. Kept are the three highest bins that the largest
// |x| of all reaches: T(max |x|), T - 1, T - 2, so that what is dropped is less than 2^-79 max |x|
// per number. Numbers below 2^-995 count as 0; inf and nan pass through.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "otto/core/comm.h"
#include "otto/core/row_block.h"

namespace otto {

class ReproducibleSum {
 public:
  /// Bins in a form that ranks can add: the highest, what was met that is not finite, and the
  /// contents of the bins as n = 2^32 high + low.
  struct Bins {
    static constexpr int count = 3;
    std::int64_t top = 0, special = 0;
    std::array<std::int64_t, count> high{}, low{};

    void add(const Bins& other);
    [[nodiscard]] double value() const;
  };

  void add(double x) {
    if (waiting_ == chunk) take_apart();
    numbers_[waiting_++] = x;
  }
  ReproducibleSum& operator+=(double x) {
    add(x);
    return *this;
  }
  ReproducibleSum& operator-=(double x) {
    add(-x);
    return *this;
  }
  /// Adds term(i) for 0 <= i < n.
  template <class Term>
  void add(std::size_t n, Term&& term) {
    for (std::size_t begin = 0; begin < n;) {
      if (waiting_ == chunk) take_apart();
      const std::size_t count = n - begin < chunk - waiting_ ? n - begin : chunk - waiting_;
      double* to = numbers_.data() + waiting_;
#pragma omp simd
      for (std::size_t i = 0; i < count; ++i) to[i] = term(begin + i);
      waiting_ += count;
      begin += count;
    }
  }
  void add(std::span<const double> x) {
    add(x.size(), [x](std::size_t i) { return x[i]; });
  }

  /// Adds the sums of term(i) over the rows of each group.
  template <class Term>
  void add(const RowBlock& block, Term&& term) {
    block.for_each_group([&](std::size_t first, std::size_t rows) {
      for (std::size_t begin = 0; begin < block.length;) {
        if (waiting_ == chunk) take_apart();
        const std::size_t left = block.length - begin, room = chunk - waiting_;
        const std::size_t count = left < room ? left : room, at = first + begin;
        double* to = numbers_.data() + waiting_;
        const std::size_t n = block.length;
        const auto four = [&](std::size_t i) {
          return (term(i) + term(i + n)) + (term(i + 2 * n) + term(i + 3 * n));
        };
        std::size_t r = rows >= 4 ? 4 : 1;
        if (r == 4) {
#pragma omp simd
          for (std::size_t i = 0; i < count; ++i) to[i] = four(at + i);
        } else {
#pragma omp simd
          for (std::size_t i = 0; i < count; ++i) to[i] = term(at + i);
        }
        for (; r + 4 <= rows; r += 4) {
#pragma omp simd
          for (std::size_t i = 0; i < count; ++i) to[i] += four(at + r * n + i);
        }
        for (; r < rows; ++r) {
#pragma omp simd
          for (std::size_t i = 0; i < count; ++i) to[i] += term(at + r * n + i);
        }
        waiting_ += count;
        begin += count;
      }
    });
  }

  /// Of the numbers of this rank.
  [[nodiscard]] const Bins& bins() const {
    take_apart();
    return bins_;
  }
  [[nodiscard]] double value() const { return bins().value(); }

  template <std::size_t K, class Terms>
  friend void add_terms(std::array<ReproducibleSum, K>& sums, const RowBlock& block, Terms&& terms);
  template <std::size_t K, class Fill>
  friend void add_rows(std::array<ReproducibleSum, K>& sums, const RowBlock& block, Fill&& fill);

 private:
  static constexpr std::size_t chunk = 512;  ///< at most 2^13, so that sums in a bin are exact

  void take_apart() const;

  // What was added is taken apart in chunks: which of them does not matter.
  alignas(64) mutable std::array<double, chunk> numbers_;
  mutable std::size_t waiting_ = 0;
  mutable Bins bins_;
};

/// Of all numbers added on all ranks: the same bits however the ranks share them. Collective.
[[nodiscard]] double sum_of_all(const Comm& comm, const ReproducibleSum& x);
/// Likewise of each; as many on each rank.
[[nodiscard]] std::vector<double> sums_of_all(const Comm& comm, std::span<const ReproducibleSum> x);

/// Adds sums over the rows of each group to several sums, in one sweep over what the terms are made of:
/// terms(i, put...) hands the term of cell i for the k-th sum to the k-th put.
template <std::size_t K, class Terms>
void add_terms(std::array<ReproducibleSum, K>& sums, const RowBlock& block, Terms&& terms) {
  struct Set {
    double* to;
    void operator()(double x) const { *to = x; }
  };
  struct Add {
    double* to;
    void operator()(double x) const { *to += x; }
  };
  for (const ReproducibleSum& sum : sums) sum.take_apart();
  block.for_each_group([&](std::size_t first, std::size_t rows) {
    for (std::size_t begin = 0; begin < block.length;) {
      const std::size_t left = block.length - begin;
      const std::size_t room = ReproducibleSum::chunk - sums[0].waiting_;
      const std::size_t count = left < room ? left : room, at = first + begin;
      // written out over k, so that the compiler sees one loop over i
      [&]<std::size_t... k>(std::index_sequence<k...>) {
        const std::array<double*, K> to{(sums[k].numbers_.data() + sums[k].waiting_)...};
#pragma omp simd
        for (std::size_t i = 0; i < count; ++i) terms(at + i, Set{to[k] + i}...);
        for (std::size_t r = 1; r < rows; ++r) {
          const std::size_t next = at + r * block.length;
#pragma omp simd
          for (std::size_t i = 0; i < count; ++i) terms(next + i, Add{to[k] + i}...);
        }
      }
      (std::make_index_sequence<K>());
      for (ReproducibleSum& sum : sums) {
        sum.waiting_ += count;
        if (sum.waiting_ == ReproducibleSum::chunk) sum.take_apart();
      }
      begin += count;
    }
  });
}

/// Likewise term by term, for 0 <= i < n.
template <std::size_t K, class Terms>
void add_terms(std::array<ReproducibleSum, K>& sums, std::size_t n, Terms&& terms) {
  add_terms(sums, RowBlock{.length = n}, terms);
}

/// Adds sums over the rows of each group, a piece of a row at a time: fill(first cell, count, to) writes the terms of these cells for
/// the k-th sum to to[k].
template <std::size_t K, class Fill>
void add_rows(std::array<ReproducibleSum, K>& sums, const RowBlock& block, Fill&& fill) {
  std::array<std::array<double, ReproducibleSum::chunk>, K> more;
  for (const ReproducibleSum& sum : sums) sum.take_apart();
  block.for_each_group([&](std::size_t first, std::size_t rows) {
    for (std::size_t begin = 0; begin < block.length;) {
      const std::size_t left = block.length - begin;
      const std::size_t room = ReproducibleSum::chunk - sums[0].waiting_;
      const std::size_t count = left < room ? left : room;
      std::array<double*, K> to, next;
      for (std::size_t k = 0; k < K; ++k) {
        to[k] = sums[k].numbers_.data() + sums[k].waiting_;
        next[k] = more[k].data();
      }
      fill(first + begin, count, to);
      for (std::size_t r = 1; r < rows; ++r) {
        fill(first + begin + r * block.length, count, next);
        for (std::size_t k = 0; k < K; ++k) {
          double* __restrict sum = to[k];
          const double* __restrict term = next[k];
          for (std::size_t i = 0; i < count; ++i) sum[i] += term[i];
        }
      }
      for (ReproducibleSum& sum : sums) {
        sum.waiting_ += count;
        if (sum.waiting_ == ReproducibleSum::chunk) sum.take_apart();
      }
      begin += count;
    }
  });
}

/// Adds up terms that belong to cells, such as those of the faces beyond them, over the rows of each
/// group. Sweeps over the cells follow one another.
class GroupedTerms {
 public:
  GroupedTerms(const RowBlock& block, ReproducibleSum& sum)
      : block_(block), sum_(sum), row_(block.group > 1 ? block.length : 0, 0.0) {}
  /// term(i) of the cells `first` + i, 0 <= i < n.
  template <class Term>
  void add(std::size_t first, std::size_t n, Term&& term) {
    if (row_.empty()) return sum_.add(n, term);
    if (started_ && first <= last_) flush();  // the next sweep
    last_ = first;
    for (std::size_t done = 0; done < n;) {
      const std::size_t row = (first + done) / block_.length,
                        column = (first + done) % block_.length;
      const std::size_t count = std::min(block_.length - column, n - done);
      const std::size_t plane = row / block_.rows, j = row % block_.rows;
      const auto group = std::int64_t(plane * (block_.rows + 1)) +
                         (block_.first + std::int64_t(j)) / block_.group -
                         block_.first / block_.group;
      if (started_ && group != group_) flush();
      group_ = group;
      started_ = true;
      double* to = row_.data() + column;
#pragma omp simd
      for (std::size_t i = 0; i < count; ++i) to[i] += term(done + i);
      done += count;
    }
  }
  void add(std::size_t first, std::span<const double> terms) {
    add(first, terms.size(), [terms](std::size_t i) { return terms[i]; });
  }

  /// The last group; to be called at the end.
  void finish() { flush(); }

 private:
  void flush() {
    if (!started_) return;
    sum_.add(row_);
    std::ranges::fill(row_, 0.0);
    started_ = false;
  }

  RowBlock block_;
  ReproducibleSum& sum_;
  std::vector<double> row_;
  std::int64_t group_ = 0;
  std::size_t last_ = 0;
  bool started_ = false;
};

}  // namespace otto
