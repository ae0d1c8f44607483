#pragma once
// A communicator as a value: the few collective operations Otto needs, by name.

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace otto {

/// A handle to an MPI communicator. Copying copies the handle, never the communicator.
/// Every member that communicates is collective: all ranks call it, in the same order.
class Comm {
 public:
  /// MPI must have been started (PetscSession does).
  explicit Comm(MPI_Comm comm = MPI_COMM_WORLD);

  [[nodiscard]] MPI_Comm handle() const noexcept { return comm_; }  ///< for MPI's own functions
  [[nodiscard]] int rank() const noexcept { return rank_; }         ///< 0 ... size() - 1
  [[nodiscard]] int size() const noexcept { return size_; }         ///< number of ranks
  /// Rank 0, which reads and prints.
  [[nodiscard]] bool is_root() const noexcept { return rank_ == 0; }

  [[nodiscard]] double sum(double x) const;              ///< over all ranks, of one number of each
  [[nodiscard]] double min(double x) const;              ///< propagates NaN: any NaN gives NaN
  [[nodiscard]] double max(double x) const;              ///< propagates NaN: any NaN gives NaN
  [[nodiscard]] std::int64_t sum(std::int64_t n) const;  ///< exact
  [[nodiscard]] std::int64_t max(std::int64_t n) const;  ///< over all ranks
  [[nodiscard]] bool any(bool x) const;                  ///< x is true on some rank
  /// Number owned by the ranks before this one.
  [[nodiscard]] std::int64_t offset(std::int64_t owned) const;
  /// x[i] becomes its sum over all ranks; as many entries on each.
  void sum_in_place(std::span<double> x) const;
  /// The text of `root`, on every rank.
  [[nodiscard]] std::string broadcast(std::string text, int root = 0) const;

  /// Runs `work` (which must not communicate) on every rank; if it threw anywhere, throws the
  /// same Error everywhere: the one of the lowest failing rank. So no rank enters the next
  /// collective call alone.
  void together(const std::function<void()>& work) const;

 private:
  MPI_Comm comm_;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace otto
