#pragma once
// Coordinates of the parameters in which H is nearly the identity. The block of a layer in
// H = Cov_p(dU, dU) is sum_i p_i (D_i D_i^T) x (h_i h_i^T); with the product of the sums in place
// of the sum of the products ("K-FAC": Martens and Grosse, ICML 2015), and no blocks between
// layers,
//
//   H ~ K = (sum_i p_i D_i D_i^T) x (sum_i p_i h_i h_i^T) + delta,
//
// the eigenvectors of both factors make K diagonal: K = C^-T C^-1, s = C x. Conjugate gradients on
// C^T A C converge as for a condition number far below that of A. The network names its layers;
// where it does not, C = 1.

#include <Eigen/Core>
#include <span>
#include <vector>

#include "otto/learn/cell_blocks.h"

namespace otto {

class Kronecker {
 public:
  /// `p`: weights of the chosen cells, of sum about 1 over all ranks. `delta` is added to
  /// a share of K's mean eigenvalue. Collective.
  Kronecker(const CellJacobian& J, std::span<const double> p, double delta);

  /// s = C x, in place.
  void to_parameters(Eigen::VectorXd& x) const;
  /// C^T g of a gradient g, in place.
  void from_parameters(Eigen::VectorXd& g) const;

 private:
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  struct Block {
    LayerShape shape;
    Eigen::Index first = 0;  ///< entry of theta
    Matrix h, D;             ///< eigenvectors of the factors, columns
    Matrix scale;            ///< (eigenvalue of D x eigenvalue of h + delta)^-1/2
  };
  std::vector<Block> blocks_;
};

}  // namespace otto
