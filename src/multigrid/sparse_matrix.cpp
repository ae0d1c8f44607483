#include "otto/multigrid/sparse_matrix.h"

#include <algorithm>
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

SparseMatrix make_matrix(const Comm& comm, const ColumnNumbers& numbers, Rows<double> rows) {
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
  for (std::int32_t i = 0; i < rows.size(); ++i) {
    for (auto e = std::size_t(rows.start[std::size_t(i)]);
         e < std::size_t(rows.start[std::size_t(i) + 1]); ++e) {
      rows.column[e] = place[std::size_t(rows.column[e])];
      if (rows.column[e] != i) continue;
      const auto front = std::size_t(rows.start[std::size_t(i)]);
      std::swap(rows.column[e], rows.column[front]);
      std::swap(rows.value[e], rows.value[front]);
    }
  }
  A.rows = std::move(rows);
  A.exchange = GhostExchange(comm, A.first, A.ghost);
  return A;
}

namespace {

template <class T>
std::vector<T> all(const Comm& comm, const std::vector<T>& mine) {
  std::vector<T> whole;
  const std::vector<std::vector<T>> copies(std::size_t(comm.size()), mine);
  for (const auto& part : swap_parts(comm, copies)) {
    whole.insert(whole.end(), part.begin(), part.end());
  }
  return whole;
}

}  // namespace

SparseMatrix gathered(const SparseMatrix& A) {
  std::vector<std::int64_t> columns;
  std::vector<std::int32_t> lengths;
  for (const std::int32_t c : A.rows.column) columns.push_back(A.global(c));
  for (std::int32_t i = 0; i < A.rows.size(); ++i) {
    lengths.push_back(A.rows.start[std::size_t(i) + 1] - A.rows.start[std::size_t(i)]);
  }
  Rows<double> rows;
  for (const std::int64_t c : all(A.comm, columns)) rows.column.push_back(std::int32_t(c));
  rows.value = all(A.comm, A.rows.value);
  for (const std::int32_t n : all(A.comm, lengths)) rows.start.push_back(rows.start.back() + n);
  const std::vector<std::int64_t> mine(A.key.begin(), A.key.begin() + A.rows.size());
  return make_matrix(Comm(MPI_COMM_SELF), ColumnNumbers(0, all(A.comm, mine)), std::move(rows));
}

}  // namespace otto::multigrid
