#include "otto/multigrid/galerkin.h"

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>
#include <utility>

namespace otto::multigrid {

namespace {

struct PackedEntry {
  std::int64_t column = 0, key = 0;
  double value = 0;
};

/// What row i adds to an entry of a row of the product, on its way to the owner of that row.
struct Contribution {
  std::int64_t row = 0, from = 0, column = 0, key = 0;  ///< `from`: the key of i
  double value = 0;
};

/// The same where it has arrived.
struct Arrived {
  std::int64_t from = 0;
  std::int32_t column = 0;
  double value = 0;
};

/// Sums sparse rows, one at a time.
class RowSum {
 public:
  void add(std::int32_t column, double value) {
    if (std::size_t(column) >= place_.size()) place_.resize(std::size_t(column) + 1, -1);
    auto& place = place_[std::size_t(column)];
    if (place < 0) {
      place = std::int32_t(columns.size());
      columns.push_back(column);
      values.push_back(0);
    }
    values[std::size_t(place)] += value;
  }
  void clear() {
    for (const std::int32_t c : columns) place_[std::size_t(c)] = -1;
    columns.clear();
    values.clear();
  }
  void end_row(Rows<double>& rows) {
    rows.column.insert(rows.column.end(), columns.begin(), columns.end());
    rows.value.insert(rows.value.end(), values.begin(), values.end());
    rows.end_row();
    clear();
  }
  std::vector<std::int32_t> columns;
  std::vector<double> values;

 private:
  std::vector<std::int32_t> place_;
};

/// Rows of P for owned and ghost unknowns.
Rows<double> with_ghosts(SparseMatrix& A, Interpolation& P) {
  const auto packed =
      A.exchange.rows<PackedEntry>([&](std::int32_t i, std::vector<PackedEntry>& out) {
        for (auto e = std::size_t(P.rows.start[std::size_t(i)]);
             e < std::size_t(P.rows.start[std::size_t(i) + 1]); ++e) {
          const std::int32_t c = P.rows.column[e];
          out.push_back({P.coarse.global(c), P.coarse.key(c), P.rows.value[e]});
        }
      });
  Rows<double> all = P.rows;
  for (std::size_t g = 0; g + 1 < packed.start.size(); ++g) {
    for (auto e = std::size_t(packed.start[g]); e < std::size_t(packed.start[g + 1]); ++e) {
      const PackedEntry& entry = packed.entries[e];
      all.add(P.coarse.local(entry.column, entry.key), entry.value);
    }
    all.end_row();
  }
  return all;
}

template <class Visit>
void for_row(const Rows<double>& rows, std::int32_t i, Visit&& visit) {
  for (auto e = std::size_t(rows.start[std::size_t(i)]);
       e < std::size_t(rows.start[std::size_t(i) + 1]); ++e) {
    visit(rows.column[e], rows.value[e]);
  }
}

Rows<double> product(const Rows<double>& A, const Rows<double>& P) {
  Rows<double> AP;
  RowSum sum;
  for (std::int32_t i = 0; i < A.size(); ++i) {
    for_row(A, i, [&](std::int32_t j, double a) {
      for_row(P, j, [&](std::int32_t c, double p) { sum.add(c, a * p); });
    });
    sum.end_row(AP);
  }
  return AP;
}

/// The same matrix by columns.
Rows<double> transposed(const Rows<double>& P, std::size_t columns) {
  Rows<double> T;
  T.start.assign(columns + 1, 0);
  for (const std::int32_t c : P.column) ++T.start[std::size_t(c) + 1];
  for (std::size_t c = 0; c < columns; ++c) T.start[c + 1] += T.start[c];
  T.column.resize(P.column.size());
  T.value.resize(P.value.size());
  auto next = T.start;
  for (std::int32_t i = 0; i < P.size(); ++i) {
    for_row(P, i, [&](std::int32_t c, double p) {
      const auto at = std::size_t(next[std::size_t(c)]++);
      T.column[at] = i;
      T.value[at] = p;
    });
  }
  return T;
}

/// Sorts the rows of a transposed matrix by keys.
void sort_by_key(Rows<double>& T, std::span<const std::int64_t> keys) {
  std::vector<std::pair<std::int32_t, double>> row;
  for (std::int32_t I = 0; I < T.size(); ++I) {
    const auto begin = std::size_t(T.start[std::size_t(I)]),
               end = std::size_t(T.start[std::size_t(I) + 1]);
    const auto key = [&](std::int32_t i) { return keys[std::size_t(i)]; };
    if (std::ranges::is_sorted(T.column.begin() + std::ptrdiff_t(begin),
                               T.column.begin() + std::ptrdiff_t(end), {}, key)) {
      continue;
    }
    row.clear();
    for (std::size_t e = begin; e < end; ++e) row.emplace_back(T.column[e], T.value[e]);
    std::ranges::sort(row, {}, [&](const auto& entry) { return key(entry.first); });
    for (std::size_t e = begin; e < end; ++e) {
      std::tie(T.column[e], T.value[e]) = row[e - begin];
    }
  }
}

/// P^T B, rows of P and B being those of this rank, with `keys`, and columns of both in `numbers`. Every entry is a
/// sum over the rows in the order of their keys. finish(I, sum) may add to row I. Collective.
template <class Finish>
SparseMatrix ordered_product(const Comm& comm, ColumnNumbers& numbers, const Rows<double>& P,
                             const Rows<double>& B, std::span<const std::int64_t> keys,
                             Finish&& finish) {
  Rows<double> T = transposed(P, numbers.size());
  sort_by_key(T, keys);
  const auto first = offsets(comm, numbers.owned());
  std::vector<std::vector<Contribution>> out(std::size_t(comm.size()));
  for (std::int32_t I = numbers.owned(); I < T.size(); ++I) {
    const std::int64_t row = numbers.global(I);
    auto& to = out[owner(first, row)];
    for_row(T, I, [&](std::int32_t i, double p) {
      for_row(B, i, [&](std::int32_t c, double v) {
        to.push_back({row, keys[std::size_t(i)], numbers.global(c), numbers.key(c), p * v});
      });
    });
  }
  std::vector<std::vector<Arrived>> arrived(std::size_t(numbers.owned()));
  for (const auto& part : swap_parts(comm, out)) {
    for (const Contribution& c : part) {
      arrived[std::size_t(c.row - first[std::size_t(comm.rank())])].push_back(
          {c.from, numbers.local(c.column, c.key), c.value});
    }
  }
  RowSum sum;
  Rows<double> rows;
  for (std::int32_t I = 0; I < numbers.owned(); ++I) {
    auto& others = arrived[std::size_t(I)];
    std::ranges::stable_sort(others, {}, &Arrived::from);
    auto next = others.begin();
    const auto take = [&](std::int64_t until) {
      for (; next != others.end() && next->from < until; ++next) sum.add(next->column, next->value);
    };
    for_row(T, I, [&](std::int32_t i, double p) {
      take(keys[std::size_t(i)]);
      for_row(B, i, [&](std::int32_t c, double v) { sum.add(c, p * v); });
    });
    take(std::numeric_limits<std::int64_t>::max());
    finish(I, sum);
    sum.end_row(rows);
  }
  return make_matrix(comm, numbers, std::move(rows));
}

}  // namespace

SparseMatrix galerkin(SparseMatrix& A, Interpolation& P) {
  const Rows<double> AP = product(A.rows, with_ghosts(A, P));
  return ordered_product(A.comm, P.coarse, P.rows, AP, A.key, [](std::int32_t, RowSum&) {});
}

SparseMatrix normal_matrix(const Comm& comm, ColumnNumbers& numbers, const Rows<double>& J,
                           const Rows<double>& L) {
  std::vector<std::int64_t> keys;
  for (std::int32_t i = 0; i < J.size(); ++i) keys.push_back(numbers.key(i));
  return ordered_product(comm, numbers, J, J, keys, [&](std::int32_t I, RowSum& sum) {
    for_row(L, I, [&](std::int32_t c, double v) { sum.add(c, v); });
  });
}

SparseMatrix restriction(const SparseMatrix& A, const Interpolation& P) {
  const Rows<double> T = transposed(P.rows, P.coarse.size());
  const auto first = offsets(A.comm, P.coarse.owned());
  ColumnNumbers fine(A.begin(), {A.key.begin(), A.key.begin() + A.rows.size()});
  std::vector<std::vector<Contribution>> out(std::size_t(A.comm.size()));
  for (std::int32_t I = P.coarse.owned(); I < T.size(); ++I) {
    const std::int64_t row = P.coarse.global(I);
    for_row(T, I, [&](std::int32_t i, double p) {
      out[owner(first, row)].push_back({row, 0, A.begin() + i, A.key[std::size_t(i)], p});
    });
  }
  std::vector<std::vector<Arrived>> arrived(std::size_t(P.coarse.owned()));
  for (const auto& part : swap_parts(A.comm, out)) {
    for (const Contribution& c : part) {
      arrived[std::size_t(c.row - first[std::size_t(A.comm.rank())])].push_back(
          {0, fine.local(c.column, c.key), c.value});
    }
  }
  Rows<double> rows;
  for (std::int32_t I = 0; I < P.coarse.owned(); ++I) {
    for_row(T, I, [&](std::int32_t i, double p) { rows.add(i, p); });
    for (const Arrived& a : arrived[std::size_t(I)]) rows.add(a.column, a.value);
    rows.end_row();
  }
  return make_matrix(A.comm, fine, std::move(rows), false);
}

}  // namespace otto::multigrid
