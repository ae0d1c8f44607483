#pragma once
// The end of a hierarchy: a divided level becomes one block on every rank, and the coarsest level is
// solved by a dense factorisation. Shared by the cycles of multigrid.cpp and proximal_cycle.cpp.

#include <Eigen/Cholesky>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "otto/multigrid/coarsen.h"

namespace otto::multigrid {

/// Carries arrays between the blocks of a divided level and the whole level on every rank.
class Gathering {
 public:
  /// Collective.
  explicit Gathering(const Operator& divided);

  /// to(i, j, k) of the whole grid = from(i, j, k) of all ranks' blocks. Collective.
  template <class Real>
  void gather(const BlockGrid& block, const Real* from, const BlockGrid& whole, Real* to) const {
    std::vector<Real> packed, blocks(std::size_t(whole.cells()));
    packed.reserve(std::size_t(block.cells()));
    for_each(block.n, [&](int i, int j, int k) { packed.push_back(from[block.index(i, j, k)]); });
    MPI_Allgatherv(packed.data(), int(packed.size()), mpi_type<Real>(), blocks.data(),
                   count_.data(), offset_.data(), mpi_type<Real>(), comm_.handle());
    auto next = blocks.begin();
    for (std::size_t r = 0; r < begin_.size(); ++r) {
      const auto& b = begin_[r];
      for_each(size_[r], [&](int i, int j, int k) {
        to[whole.index(b[0] + i, b[1] + j, b[2] + k)] = *next++;
      });
    }
  }

  /// to = this rank's part of the whole grid.
  template <class Real>
  void own_part(const BlockGrid& whole, const Real* from, const BlockGrid& block, Real* to) const {
    const auto& b = begin_[std::size_t(comm_.rank())];
    for_each(block.n, [&](int i, int j, int k) {
      to[block.index(i, j, k)] = from[whole.index(b[0] + i, b[1] + j, b[2] + k)];
    });
  }

 private:
  template <class Real>
  static MPI_Datatype mpi_type() {
    return std::is_same_v<Real, float> ? MPI_FLOAT : MPI_DOUBLE;
  }

  Comm comm_;
  std::vector<std::array<std::int64_t, 3>> begin_;  ///< by rank, in the whole grid
  std::vector<std::array<std::int32_t, 3>> size_;
  std::vector<int> count_, offset_;  ///< cells per rank and their running sum
};

/// A^-1 of a coarsest level: rows and columns are the cells of the block, x fastest.
class DenseInverse {
 public:
  /// There is none where A is not positive definite.
  void set(const Eigen::MatrixXd& A) {
    factor_.compute(A);
    exists_ = factor_.info() == Eigen::Success;
  }
  [[nodiscard]] bool exists() const { return exists_; }

  /// x = A^-1 b, b(o) at place o of the block.
  template <class Real, class RightHandSide>
  void solve(const BlockGrid& grid, RightHandSide&& b, Real* x) const {
    Eigen::VectorXd v(grid.cells());
    Eigen::Index at = 0;
    for_each(grid.n, [&](int i, int j, int k) { v[at++] = double(b(grid.index(i, j, k))); });
    factor_.solveInPlace(v);
    at = 0;
    for_each(grid.n, [&](int i, int j, int k) { x[grid.index(i, j, k)] = Real(v[at++]); });
  }

 private:
  Eigen::LLT<Eigen::MatrixXd> factor_;
  bool exists_ = false;
};

}  // namespace otto::multigrid
