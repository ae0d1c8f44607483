#pragma once
// Coordinates of the parameters in which H is nearly the identity. The block of a layer in
// H = Cov_p(dU, dU) is sum_i p_i (D_i D_i^T) x (h_i h_i^T); with the product of the sums in place of
// the sum of the products ("K-FAC": Martens and Grosse, ICML 2015), and no blocks between layers,
//
//   H ~ K = (sum_i p_i D_i D_i^T) x (sum_i p_i h_i h_i^T) + delta,
//
// the eigenvectors of both factors make K diagonal: K = C^-T C^-1, s = C x. Conjugate gradients on
// C^T A C meet a condition far better than that of A. What the layers are is the network's to say;
// of one that does not, C = 1.

#include <Eigen/Core>
#include <span>
#include <vector>

#include "otto/core/comm.h"
#include "otto/learn/network.h"

namespace otto {

class Kronecker {
 public:
  /// C = 1.
  Kronecker() = default;
  /// `p`: weights of the linearisation's points, over all ranks of sum about 1. Collective.
  Kronecker(const Comm& comm, const Linearisation& J, std::span<const double> p);

  /// delta, above a share of K's mean eigenvalue of its own.
  void set_damping(double delta);
  /// s = C x, and x = C^T s; either in place.
  void to_parameters(Eigen::VectorXd& x) const;
  void from_parameters(Eigen::VectorXd& s) const;

 private:
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  struct Block {
    LayerShape shape;
    std::size_t first = 0;  ///< entry of theta
    Matrix h, D;            ///< eigenvectors of the factors, columns
    Eigen::VectorXd h_values, D_values;
    Matrix scale;  ///< (D_value h_value + delta)^-1/2
  };
  std::vector<Block> blocks_;
  double mean_ = 0;  ///< eigenvalue of K without delta
};

}  // namespace otto
