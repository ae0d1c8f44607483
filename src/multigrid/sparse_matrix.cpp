#include "otto/multigrid/sparse_matrix.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace otto::multigrid {

std::vector<std::int64_t> offsets(const Comm& comm, std::int64_t owned) {
  std::vector<std::int64_t> first(std::size_t(comm.size()) + 1, 0);
  MPI_Allgather(&owned, 1, MPI_INT64_T, first.data() + 1, 1, MPI_INT64_T, comm.handle());
  for (std::size_t r = 1; r < first.size(); ++r) first[r] += first[r - 1];
  return first;
}

ColumnNumbers::ColumnNumbers(std::int64_t begin, std::vector<std::int64_t> owned_keys)
    : begin_(begin), owned_(std::int32_t(owned_keys.size())), key_(std::move(owned_keys)) {}

std::int32_t ColumnNumbers::local(std::int64_t global, std::int64_t key) {
  if (global >= begin_ && global < begin_ + owned_) return std::int32_t(global - begin_);
  const auto [at, fresh] = known_.try_emplace(global, std::int32_t(key_.size()));
  if (fresh) {
    others_.push_back(global);
    key_.push_back(key);
  }
  return at->second;
}

std::int64_t ColumnNumbers::global(std::int32_t local) const {
  return local < owned_ ? begin_ + local : others_[std::size_t(local - owned_)];
}

namespace {

/// The entries of every row by key, the diagonal first; those of one column become one.
void sort_rows(SparseMatrix& A, bool square) {
  struct Entry {
    std::int64_t key;
    std::int32_t column;
    double value;
  };
  std::vector<Entry> entries;
  Rows<double> sorted;
  for (std::int32_t i = 0; i < A.rows.size(); ++i) {
    const auto begin = std::size_t(A.rows.start[std::size_t(i)]),
               end = std::size_t(A.rows.start[std::size_t(i) + 1]);
    entries.clear();
    for (std::size_t e = begin; e < end; ++e) {
      const std::int32_t c = A.rows.column[e];
      const bool own = square && c == i;
      entries.push_back({own ? -1 : A.key[std::size_t(c)], c, A.rows.value[e]});
    }
    std::ranges::stable_sort(entries, {}, &Entry::key);
    for (std::size_t e = 0; e < entries.size(); ++e) {
      if (e > 0 && entries[e].column == entries[e - 1].column) {
        sorted.value.back() += entries[e].value;
      } else {
        sorted.add(entries[e].column, entries[e].value);
      }
    }
    sorted.end_row();
  }
  A.rows = std::move(sorted);
}

}  // namespace

SparseMatrix make_matrix(const Comm& comm, const ColumnNumbers& numbers, Rows<double> rows,
                         bool square) {
  SparseMatrix A;
  A.comm = comm;
  A.first = offsets(comm, numbers.owned());
  std::vector<std::int32_t> place(numbers.size(), -1);
  std::vector<std::int32_t> met;
  for (const std::int32_t c : rows.column) {
    if (c >= numbers.owned() && std::exchange(place[std::size_t(c)], 0) < 0) met.push_back(c);
  }
  std::ranges::sort(met, {}, [&](std::int32_t c) { return numbers.global(c); });
  for (std::int32_t c = 0; c < numbers.owned(); ++c) {
    place[std::size_t(c)] = c;
    A.key.push_back(numbers.key(c));
  }
  for (const std::int32_t c : met) {
    place[std::size_t(c)] = std::int32_t(A.key.size());
    A.key.push_back(numbers.key(c));
    A.ghost.push_back(numbers.global(c));
  }
  for (std::int32_t& c : rows.column) c = place[std::size_t(c)];
  A.rows = std::move(rows);
  sort_rows(A, square);
  A.exchange = GhostExchange(comm, A.first, A.ghost);
  return A;
}

SparseMatrix gathered(const SparseMatrix& A, std::vector<std::int32_t>& place) {
  std::vector<std::int64_t> columns;
  std::vector<std::int32_t> lengths;
  for (const std::int32_t c : A.rows.column) columns.push_back(A.global(c));
  for (std::int32_t i = 0; i < A.rows.size(); ++i) {
    lengths.push_back(A.rows.start[std::size_t(i) + 1] - A.rows.start[std::size_t(i)]);
  }
  columns = all_parts(A.comm, columns);
  lengths = all_parts(A.comm, lengths);
  const std::vector<double> values = all_parts(A.comm, A.rows.value);
  const std::vector<std::int64_t> keys =
      all_parts(A.comm, std::vector<std::int64_t>(A.key.begin(), A.key.begin() + A.rows.size()));
  std::vector<std::int32_t> order(keys.size());  // rows by key
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::int32_t row) { return keys[std::size_t(row)]; });
  std::vector<std::size_t> start(keys.size() + 1, 0);
  for (std::size_t row = 0; row < keys.size(); ++row) {
    start[row + 1] = start[row] + std::size_t(lengths[row]);
  }
  place.resize(keys.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[std::size_t(order[i])] = std::int32_t(i);
  }
  Rows<double> rows;
  std::vector<std::int64_t> sorted;
  for (const std::int32_t row : order) {
    sorted.push_back(keys[std::size_t(row)]);
    for (std::size_t e = start[std::size_t(row)]; e < start[std::size_t(row) + 1]; ++e) {
      rows.add(place[std::size_t(columns[e])], values[e]);
    }
    rows.end_row();
  }
  return make_matrix(Comm(MPI_COMM_SELF), ColumnNumbers(0, std::move(sorted)), std::move(rows));
}

}  // namespace otto::multigrid
