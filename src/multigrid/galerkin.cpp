#include "otto/multigrid/galerkin.h"

#include <utility>

namespace otto::multigrid {

namespace {

struct PackedEntry {
  std::int64_t column = 0, key = 0;
  double value = 0;
};

/// An entry of a coarse row on its way to the owner of the row.
struct Contribution {
  std::int64_t row = 0, column = 0, key = 0;
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

}  // namespace

SparseMatrix galerkin(SparseMatrix& A, Interpolation& P) {
  const Rows<double> AP = product(A.rows, with_ghosts(A, P));
  const Rows<double> T = transposed(P.rows, P.coarse.size());
  RowSum sum;
  const auto sum_row = [&](std::int32_t I) {
    for_row(T, I, [&](std::int32_t i, double p) {
      for_row(AP, i, [&](std::int32_t c, double v) { sum.add(c, p * v); });
    });
  };
  const auto first = offsets(A.comm, P.coarse.owned());
  std::vector<std::vector<Contribution>> out(std::size_t(A.comm.size()));
  for (std::int32_t I = P.coarse.owned(); I < T.size(); ++I) {
    sum_row(I);
    const std::int64_t row = P.coarse.global(I);
    auto& to = out[owner(first, row)];
    for (std::size_t k = 0; k < sum.columns.size(); ++k) {
      const std::int32_t c = sum.columns[k];
      to.push_back({row, P.coarse.global(c), P.coarse.key(c), sum.values[k]});
    }
    sum.clear();
  }
  std::vector<std::vector<std::pair<std::int32_t, double>>> arrived(std::size_t(P.coarse.owned()));
  for (const auto& part : swap_parts(A.comm, out)) {
    for (const Contribution& c : part) {
      arrived[std::size_t(c.row - first[std::size_t(A.comm.rank())])].emplace_back(
          P.coarse.local(c.column, c.key), c.value);
    }
  }
  Rows<double> rows;
  for (std::int32_t I = 0; I < P.coarse.owned(); ++I) {
    sum_row(I);
    for (const auto& [column, value] : arrived[std::size_t(I)]) sum.add(column, value);
    sum.end_row(rows);
  }
  return make_matrix(A.comm, P.coarse, std::move(rows));
}

}  // namespace otto::multigrid
