#pragma once
// Between the levels of a hierarchy: a divided level changes its blocks, or becomes one block on every
// rank, and the coarsest level is solved by a dense factorisation. Shared by the cycles of multigrid.cpp and proximal_cycle.cpp.

#include <Eigen/Cholesky>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "otto/multigrid/coarsen.h"

namespace otto::multigrid {

/// A box of cells of a level's global grid.
struct Region {
  std::array<std::int64_t, 3> begin{}, end{};

  [[nodiscard]] std::array<std::int32_t, 3> size() const;
  [[nodiscard]] std::int32_t cells() const;  ///< 0: empty
  [[nodiscard]] Region intersected(const Region& other) const;
};

/// The block of this rank.
Region region_of(const Operator& level);

/// Carries arrays from the blocks of a divided level to other blocks of the same level: to the whole
/// level on every rank, or to blocks that begin where the next level can be made.
class Gathering {
 public:
  /// Collective.
  Gathering(const Operator& divided, const Operator& next);

  /// to(i, j, k) of this rank's next block = from(i, j, k) of all ranks' blocks. Collective.
  template <class Real>
  void gather(const BlockGrid& block, const Real* from, const BlockGrid& next, Real* to) const {
    if (whole_) {
      std::vector<Real> mine, all(static_cast<std::size_t>(total_));
      pack(block, from, before_.begin, before_, mine);
      MPI_Allgatherv(mine.data(), int(mine.size()), mpi_type<Real>(), all.data(), count_.data(),
                     offset_.data(), mpi_type<Real>(), comm_.handle());
      const Real* at = all.data();
      for (const Region& r : all_) at = unpack(at, r, after_.begin, next, to);
    } else {
      swap(out_, block, from, before_.begin, in_, next, to, after_.begin);
    }
  }

  /// The way back: to = this rank's part of the next blocks. Collective.
  template <class Real>
  void own_part(const BlockGrid& next, const Real* from, const BlockGrid& block, Real* to) const {
    if (whole_) {
      std::vector<Real> mine;
      pack(next, from, after_.begin, before_, mine);
      unpack(mine.data(), before_, before_.begin, block, to);
    } else {
      swap(in_, next, from, after_.begin, out_, block, to, before_.begin);
    }
  }

 private:
  using Begin = std::array<std::int64_t, 3>;
  struct Part {
    int rank = 0;
    Region region;
  };

  template <class Real>
  static MPI_Datatype mpi_type() {
    return std::is_same_v<Real, float> ? MPI_FLOAT : MPI_DOUBLE;
  }

  /// Appends the cells of `r` in an array that begins at `begin`.
  template <class Real>
  static void pack(const BlockGrid& grid, const Real* from, const Begin& begin, const Region& r,
                   std::vector<Real>& packed) {
    packed.reserve(packed.size() + std::size_t(r.cells()));
    for_each(r.size(), [&](int i, int j, int k) {
      packed.push_back(from[grid.index(r.begin[0] - begin[0] + i, r.begin[1] - begin[1] + j,
                                       r.begin[2] - begin[2] + k)]);
    });
  }
  template <class Real>
  static const Real* unpack(const Real* at, const Region& r, const Begin& begin,
                            const BlockGrid& grid, Real* to) {
    for_each(r.size(), [&](int i, int j, int k) {
      to[grid.index(r.begin[0] - begin[0] + i, r.begin[1] - begin[1] + j,
                    r.begin[2] - begin[2] + k)] = *at++;
    });
    return at;
  }

  /// Sends the parts `out` of one block, receives the parts `in` of the other.
  template <class Real>
  void swap(const std::vector<Part>& out, const BlockGrid& source, const Real* from,
            const Begin& from_begin, const std::vector<Part>& in, const BlockGrid& target, Real* to,
            const Begin& to_begin) const {
    std::vector<std::vector<Real>> sent(out.size()), received(in.size());
    std::vector<MPI_Request> requests;
    for (std::size_t p = 0; p < in.size(); ++p) {
      received[p].resize(std::size_t(in[p].region.cells()));
      MPI_Irecv(received[p].data(), int(received[p].size()), mpi_type<Real>(), in[p].rank, 0,
                comm_.handle(), &requests.emplace_back());
    }
    for (std::size_t p = 0; p < out.size(); ++p) {
      pack(source, from, from_begin, out[p].region, sent[p]);
      MPI_Isend(sent[p].data(), int(sent[p].size()), mpi_type<Real>(), out[p].rank, 0,
                comm_.handle(), &requests.emplace_back());
    }
    MPI_Waitall(int(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
    for (std::size_t p = 0; p < in.size(); ++p) {
      unpack(received[p].data(), in[p].region, to_begin, target, to);
    }
  }

  Comm comm_;
  bool whole_ = false;
  Region before_, after_;    ///< this rank's blocks
  std::vector<Region> all_;  ///< every rank's block before; only where the level is made whole
  std::vector<int> count_, offset_;  ///< cells per rank and their running sum; likewise
  int total_ = 0;
  std::vector<Part> out_, in_;  ///< else: what goes to and comes from other blocks, and this one
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
