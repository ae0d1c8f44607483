#pragma once
// V by cubic splines: with n_a equal intervals of width w_a along axis a of the box around the mesh, and B the cubic
// B-spline of these knots,
//
//   V(x) = sum_i y_i prod_a B((x_a - lower_a) / w_a - i_a),   i_a = -3 ... n_a - 1 (periodic axes: 0 ... n_a - 1),
//
// V_K = (T y)_K at the point of cell K. The coefficients y are the same on every rank. With M the cells' volumes and the
// Gram matrix M_s = T^T M T, the spline nearest to V has y = M_s^-1 T^T M V.

#include <memory>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class TensorSplines {
 public:
  /// `intervals` of every axis. Keeps a reference. Collective.
  TensorSplines(const Mesh& mesh, const std::vector<int>& intervals);
  ~TensorSplines();

  [[nodiscard]] std::size_t size() const;  ///< of y
  /// V = T y of the owned cells.
  void values(std::span<const double> y, std::span<double> V) const;
  /// out = T^T of_V. Collective.
  void transpose(std::span<const double> of_V, std::span<double> out) const;
  /// y = M_s^-1 T^T M V. Collective.
  void project(std::span<const double> V, std::span<double> y) const;
  /// The transpose of project: of_V = M T M_s^-1 of_y, owned cells.
  void lift(std::span<const double> of_y, std::span<double> of_V) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
