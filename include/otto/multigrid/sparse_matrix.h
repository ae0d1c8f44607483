#pragma once
// A symmetric positive definite matrix whose rows are shared out among ranks: what the algebraic
// multigrid (algebraic_cycle.h) is set up from, level by level.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "otto/multigrid/ghost_exchange.h"

namespace otto::multigrid {

/// Compressed rows.
template <class Real>
struct Rows {
  std::vector<std::int32_t> start{0}, column;
  std::vector<Real> value;

  [[nodiscard]] std::int32_t size() const { return std::int32_t(start.size()) - 1; }
  void add(std::int32_t c, Real v) {
    column.push_back(c);
    value.push_back(v);
  }
  void end_row() { start.push_back(std::int32_t(column.size())); }
};

/// Columns are numbered locally, those this rank owns first, then the ghosts. The first entry of
/// every row is its diagonal, the others follow in the order of their keys: what adds up a row has the same
/// bits however rows are shared out.
struct SparseMatrix {
  Comm comm{MPI_COMM_SELF};
  std::vector<std::int64_t> first;  ///< rank r owns rows first[r] .. first[r + 1]
  std::vector<std::int64_t> ghost;  ///< global numbers of the ghosts, ascending
  std::vector<std::int64_t> key;    ///< of owned and ghosts; independent of the partition
  Rows<double> rows;
  GhostExchange exchange;

  [[nodiscard]] std::int64_t begin() const { return first[std::size_t(comm.rank())]; }
  [[nodiscard]] std::int64_t global_rows() const { return first.back(); }
  [[nodiscard]] std::size_t local() const { return std::size_t(rows.size()) + ghost.size(); }
  /// Global number of a local column.
  [[nodiscard]] std::int64_t global(std::int32_t column) const {
    return column < rows.size() ? begin() + column : ghost[std::size_t(column - rows.size())];
  }
};

/// Offsets of a numbering that gives `owned` consecutive numbers to each rank. Collective.
std::vector<std::int64_t> offsets(const Comm& comm, std::int64_t owned);

/// Numbers of the columns a rank meets: owned ones first, others as they come.
class ColumnNumbers {
 public:
  ColumnNumbers(std::int64_t begin, std::vector<std::int64_t> owned_keys);
  /// The local number of a global one, new if it is not known yet.
  std::int32_t local(std::int64_t global, std::int64_t key);
  [[nodiscard]] std::int64_t global(std::int32_t local) const;
  [[nodiscard]] std::int64_t key(std::int32_t local) const { return key_[std::size_t(local)]; }
  [[nodiscard]] std::int32_t owned() const { return owned_; }
  [[nodiscard]] std::size_t size() const { return key_.size(); }

 private:
  std::int64_t begin_ = 0;
  std::int32_t owned_ = 0;
  std::vector<std::int64_t> others_, key_;
  std::unordered_map<std::int64_t, std::int32_t> known_;  ///< local numbers of others_
};

/// The distributed matrix of owned rows in `numbers`. Not `square`: its rows are not those of the columns, and there is
/// no diagonal; of local() and global() nothing is true then. Collective.
SparseMatrix make_matrix(const Comm& comm, const ColumnNumbers& numbers, Rows<double> rows,
                         bool square = true);

/// All rows on every rank (communicator MPI_COMM_SELF), in the order of their keys; `place`: where each row, numbered
/// rank by rank, went. Collective.
SparseMatrix gathered(const SparseMatrix& A, std::vector<std::int32_t>& place);

}  // namespace otto::multigrid
