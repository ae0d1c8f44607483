#include "otto/multigrid/interpolation.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace otto::multigrid {

namespace {

/// What a fine unknown k tells of an a-_kl.
struct Entry {
  std::int32_t fine = -1;    ///< l, if this rank owns it
  std::int32_t coarse = -1;  ///< number of l in the coarse level, if it is coarse
  bool depends = false;
  double a = 0;
};

/// The same on its way to another rank.
struct Packed {
  std::int64_t column = 0, coarse = -1, key = 0;
  double a = 0;
  std::int64_t depends = 0;
};

class Builder {
 public:
  Builder(SparseMatrix& A, const Splitting& splitting, const InterpolationOptions& options)
      : A_(A), split_(splitting), options_(options), coarse_(number_coarse()) {
    fetch_ghosts();
  }

  Interpolation build() && {
    mark_.assign(coarse_.size(), -1);
    weight_.assign(coarse_.size(), 0);
    Rows<double> P;
    for (std::int32_t i = 0; i < A_.rows.size(); ++i) {
      if (split_.is_coarse[std::size_t(i)]) {
        P.add(of_column_[std::size_t(i)], 1);
      } else {
        add_fine(i, P);
      }
      P.end_row();
    }
    return {std::move(P), std::move(coarse_)};
  }

 private:
  /// Coarse numbers of the local columns, in of_column_.
  ColumnNumbers number_coarse() {
    const std::int32_t n = A_.rows.size();
    std::vector<std::int64_t> keys;
    for (std::int32_t i = 0; i < n; ++i) {
      if (split_.is_coarse[std::size_t(i)]) keys.push_back(A_.key[std::size_t(i)]);
    }
    const std::int64_t begin =
        offsets(A_.comm, std::int64_t(keys.size()))[std::size_t(A_.comm.rank())];
    std::int64_t next = begin;
    global_.assign(A_.local(), -1);
    for (std::int32_t i = 0; i < n; ++i) {
      if (split_.is_coarse[std::size_t(i)]) global_[std::size_t(i)] = next++;
    }
    A_.exchange(global_.data());
    ColumnNumbers numbers(begin, std::move(keys));
    for (std::size_t c = 0; c < global_.size(); ++c) {
      of_column_.push_back(global_[c] < 0 ? -1 : numbers.local(global_[c], A_.key[c]));
    }
    return numbers;
  }

  void fetch_ghosts() {
    const auto packed = A_.exchange.rows<Packed>([&](std::int32_t k, std::vector<Packed>& out) {
      if (split_.is_coarse[std::size_t(k)]) return;
      beside(k, [&](std::int32_t l, double a) {
        if (!(a < 0)) return;
        out.push_back({A_.global(l), global_[std::size_t(l)], A_.key[std::size_t(l)], a,
                       split_.depends(k, a) ? 1 : 0});
      });
    });
    ghosts_.start = packed.start;
    const std::int64_t begin = A_.begin(), end = begin + A_.rows.size();
    for (const Packed& p : packed.entries) {
      const bool mine = p.column >= begin && p.column < end;
      ghosts_.entries.push_back({mine ? std::int32_t(p.column - begin) : -1,
                                 p.coarse < 0 ? -1 : coarse_.local(p.coarse, p.key), p.depends != 0,
                                 p.a});
    }
  }

  template <class Visit>
  void beside(std::int32_t i, Visit&& visit) const {
    for (auto e = std::size_t(A_.rows.start[std::size_t(i)]) + 1;
         e < std::size_t(A_.rows.start[std::size_t(i) + 1]); ++e) {
      visit(A_.rows.column[e], A_.rows.value[e]);
    }
  }

  /// visit(Entry) for the negative entries of row k, owned or ghost.
  template <class Visit>
  void negative(std::int32_t k, Visit&& visit) const {
    if (k < A_.rows.size()) {
      beside(k, [&](std::int32_t l, double a) {
        if (a < 0) visit(Entry{l, of_column_[std::size_t(l)], split_.depends(k, a), a});
      });
      return;
    }
    const auto g = std::size_t(k - A_.rows.size());
    for (auto e = std::size_t(ghosts_.start[g]); e < std::size_t(ghosts_.start[g + 1]); ++e) {
      visit(ghosts_.entries[e]);
    }
  }

  void collect(std::int32_t i) {
    chosen_.clear();
    const auto choose = [&](std::int32_t c) {
      if (std::exchange(mark_[std::size_t(c)], i) == i) return;
      weight_[std::size_t(c)] = 0;
      chosen_.push_back(c);
    };
    beside(i, [&](std::int32_t j, double a) {
      if (!split_.depends(i, a)) return;
      if (of_column_[std::size_t(j)] >= 0) return choose(of_column_[std::size_t(j)]);
      negative(j, [&](const Entry& entry) {
        if (entry.depends && entry.coarse >= 0) choose(entry.coarse);
      });
    });
  }

  void add_fine(std::int32_t i, Rows<double>& P) {
    collect(i);
    if (chosen_.empty()) return;
    const double own = A_.rows.value[std::size_t(A_.rows.start[std::size_t(i)])];
    double d = own;
    const auto in_reach = [&](const Entry& l) {
      return l.fine == i || (l.coarse >= 0 && mark_[std::size_t(l.coarse)] == i);
    };
    beside(i, [&](std::int32_t j, double a) {
      const std::int32_t c = of_column_[std::size_t(j)];
      if (c >= 0 && mark_[std::size_t(c)] == i) {
        weight_[std::size_t(c)] += a;
        return;
      }
      double s = 0;
      if (split_.depends(i, a)) {
        negative(j, [&](const Entry& l) { s += in_reach(l) ? l.a : 0; });
      }
      if (!(s < 0)) {
        d += a;
        return;
      }
      negative(j, [&](const Entry& l) {
        if (!in_reach(l)) return;
        (l.fine == i ? d : weight_[std::size_t(l.coarse)]) += a * (l.a / s);
      });
    });
    add_largest(d > 0 ? d : own, P);
  }

  /// The size by which entries are compared: of few digits, so that rounding decides nothing.
  [[nodiscard]] std::uint32_t size(std::int32_t c) const {
    return std::bit_cast<std::uint32_t>(float(std::abs(weight_[std::size_t(c)]) / largest_)) >> 12;
  }

  void add_largest(double d, Rows<double>& P) {
    double sum = 0, kept = 0;
    largest_ = 0;
    for (const std::int32_t c : chosen_) {
      sum += weight_[std::size_t(c)];
      largest_ = std::max(largest_, std::abs(weight_[std::size_t(c)]));
    }
    const auto entries = std::size_t(options_.entries);
    if (chosen_.size() > entries && largest_ > 0) {
      std::ranges::partial_sort(chosen_, chosen_.begin() + options_.entries,
                                [&](std::int32_t l, std::int32_t r) {
                                  const auto a = size(l), b = size(r);
                                  return a != b ? a > b : coarse_.key(l) < coarse_.key(r);
                                });
      chosen_.resize(entries);
    }
    for (const std::int32_t c : chosen_) kept += weight_[std::size_t(c)];
    if (kept == 0) return;
    for (const std::int32_t c : chosen_) P.add(c, -weight_[std::size_t(c)] / d * (sum / kept));
  }

  SparseMatrix& A_;
  const Splitting& split_;
  const InterpolationOptions& options_;
  std::vector<std::int64_t> global_;     ///< coarse numbers of local columns; -1: fine
  std::vector<std::int32_t> of_column_;  ///< the same, numbered by coarse_
  ColumnNumbers coarse_;
  GhostExchange::GhostRows<Entry> ghosts_;
  std::vector<std::int32_t> mark_, chosen_;
  std::vector<double> weight_;
  double largest_ = 0;
};

}  // namespace

Interpolation interpolate(SparseMatrix& A, const Splitting& splitting,
                          const InterpolationOptions& options) {
  return Builder(A, splitting, options).build();
}

}  // namespace otto::multigrid
