#pragma once
// Capacities between the cores of deep wells and the outlets of a process with detailed balance (the nodes).
// h_i is the probability to reach node i before all others, E the quadratic form of quotient.h with the faces
// an edge cuts stretched (outlets.h):
//
//   C_ij = -E(h_i, h_j) >= 0,      M_i = sum omega h_i,      T the mean time to reach a node.
//
// A solve leaves r_i = b - A h_i, and so e_i = A^-1 r_i with |e_i| <= max |r_i / vol| max T. Since E(h_i, e_j) = 0,
//
//   |dC_ij| <= min(max |e_i| sum pi |r_j|, max |e_j| sum pi |r_i|),      |dM_i| <= sum T pi |r_i|,
//
// bounds that are small where r_i is, where pi is: what rounding leaves in one well does not count on the
// way over another barrier. For that the h_i are cut off where they are closer to 0 or 1 than max |e_i|.
//
// The mass of a node that little of what lies elsewhere leads to is the sum of tiny h_i over large omega. There
// A T = vol and the symmetry of pi A give the same without them,
//
//   M_i = sum_{K in i} omega_K + sum_{K free, L in i} c_KL T_K,     |dT| <= s / (1 - s) T where |A T - vol| <= s vol
//
// (A is monotone): of the two, the one with the smaller bound is taken.

#include <Eigen/Dense>
#include <vector>

#include "deep_wells.h"
#include "otto/core/reproducible_sum.h"
#include "otto/linear/backward_solver.h"
#include "outlets.h"
#include "quotient.h"

namespace otto {

class WellCapacities {
 public:
  using Field = std::vector<double>;          ///< of owned + ghost cells
  using Sums = std::vector<ReproducibleSum>;  ///< a vector of nodes, or a matrix

  /// Solves for all h and T; `reproducible` as in SolverOptions. Keeps references to generator, quotient and outlets. Collective; throws
  /// NumericalError where T is not resolved.
  WellCapacities(const Generator& generator, const Quotient& quotient, const Outlets& outlets,
                 DeepWells wells, bool reproducible);

  [[nodiscard]] Eigen::Index wells() const { return wells_.count; }
  /// Wells and outlets; the diagonal has no meaning.
  [[nodiscard]] const Eigen::MatrixXd& C() const { return C_; }
  [[nodiscard]] const Eigen::MatrixXd& C_error() const { return C_error_; }
  [[nodiscard]] const Eigen::VectorXd& mass() const { return mass_; }
  [[nodiscard]] const Eigen::VectorXd& mass_error() const { return mass_error_; }
  /// Of all ways out of a node together, the part that may be wrong: the largest of the wells'.
  [[nodiscard]] double solve_error() const { return solve_error_; }
  /// max_i sum_{j != i} M_ij / M_i, M_ij = sum omega h_i h_j, over the wells.
  [[nodiscard]] double overlap() const { return overlap_; }
  [[nodiscard]] const Field& h(Eigen::Index node) const { return h_[std::size_t(node)]; }
  [[nodiscard]] const Field& time_to_nodes() const { return T_; }
  [[nodiscard]] double slowest() const { return slowest_; }  ///< max T
  /// What a core short-circuits that is connected at `depth` below the way out, relative to C.
  [[nodiscard]] double core_error(double depth) const;
  [[nodiscard]] int solves() const { return solves_; }
  [[nodiscard]] int iterations() const { return iterations_; }

 private:
  [[nodiscard]] std::vector<double> weights() const;
  template <class Visit>
  void exchanges(Visit&& visit) const;
  [[nodiscard]] std::vector<double> residual(const Field& f, std::span<const double> b) const;
  [[nodiscard]] Field solve(Field f, std::span<const double> b);
  [[nodiscard]] double deviation(const Field& f, std::span<const double> b) const;
  void find_times();
  void find_h(int node);
  void add(Field h, std::span<const double> b);
  void form_graph();
  void add_faces(Sums& E) const;
  /// Of all ranks together. Collective.
  [[nodiscard]] Eigen::VectorXd total(const Sums& sums) const;
  [[nodiscard]] Eigen::VectorXd masses_by_times() const;
  void take_better_masses();
  void find_errors(const Eigen::MatrixXd& E, const Eigen::MatrixXd& M);

  const Generator& generator_;
  const Mesh& mesh_;
  const Quotient& quotient_;
  const Outlets& outlets_;
  DeepWells wells_;
  std::size_t owned_;
  std::vector<int> node_;  ///< of the cell; free or cut off as in Outlets
  BackwardSystem system_;
  Field T_;
  std::vector<Field> h_;                        ///< by node
  std::vector<double> max_e_, sum_r_, time_r_;  ///< by node: max |e|, sum pi |r|, sum T pi |r|
  double slowest_ = 0, missed_ = 0;             ///< max T; max |A T - vol| / vol
  Eigen::MatrixXd C_, C_error_;
  Eigen::VectorXd mass_, mass_error_;
  double overlap_ = 0, solve_error_ = 0;
  int solves_ = 0, iterations_ = 0;
};

}  // namespace otto
