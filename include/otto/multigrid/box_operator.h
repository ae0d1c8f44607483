#pragma once
// y = sigma omega u + c sum_L g_KL (u_K - u_L) on a box block, matrix-free, in double precision.

#include <span>

#include "otto/multigrid/coarsen.h"

namespace otto::multigrid {

class BoxOperator {
 public:
  /// Keeps a reference to the finest operator of a hierarchy.
  explicit BoxOperator(const Operator& op)
      : op_(op), halo_(op.comm, op.grid, op.neighbour), wall_(std::size_t(op.grid.n[0]), 0.0) {}

  void set(double c, std::span<const double> sigma);
  /// Owned cells without halo, x fastest. Collective over neighbours.
  void apply(const double* u, double* y);
  /// sigma omega of owned cells.
  [[nodiscard]] std::span<const double> mass() const { return mass_; }

 private:
  template <int Dim>
  void rows(const double* u, double* y);

  const Operator& op_;
  BlockExchange halo_;
  std::vector<double> wall_;  ///< stands for the row beyond a wall, where g = 0
  double c_ = 0;
  std::vector<double> mass_;  ///< sigma omega, no halo
};

}  // namespace otto::multigrid
