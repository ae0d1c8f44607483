#pragma once
// Modes of a small weighted graph, every one to relative accuracy, however far the rates lie apart.
//
//   sum_j C_ij (u_i - u_j) + C_i0 u_i = lambda M_i u_i
//
// is B^T B v = lambda v with v = sqrt(M) u and B = sqrt(C) Z / sqrt(M), Z the incidence matrix of
// the edges, which is totally unimodular. Elimination with complete pivoting of B keeps the entries
// of Z in {-1, 0, 1} and subtracts nothing that was rounded; from its factors one-sided Jacobi
// rotations give all singular values of B to their last digits (Demmel and others, Linear Algebra
// Appl. 299, 1999).

#include <Eigen/Dense>
#include <vector>

namespace otto {

struct GraphModes {
  std::vector<double> rate;  ///< ascending; as many as B has ranks: the rate 0 is left out
  Eigen::MatrixXd shape;     ///< u of each, a column, with sum M u^2 = 1
};

/// `C`: conductances between nodes i < j (upper triangle used); `exit`: C_i0; `mass`: M > 0.
GraphModes graph_modes(const Eigen::MatrixXd& C, const Eigen::VectorXd& exit,
                       const Eigen::VectorXd& mass);

}  // namespace otto
