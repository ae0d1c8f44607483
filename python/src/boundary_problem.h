#pragma once
// The committor q of two sets of cells, and the rates between them, with derivatives. With the rates r of
// operators/face_rates.h, pi = exp(-V/kT) and g = pi_K forward for a face K|L,
//
//   sum_L r_KL (q_K - q_L) = 0  outside the sets,   q = 0 on A and 1 on B,
//   k_AB = C / sum m pi (1 - q),   k_BA = C / sum m pi q,   C = sum_f g (q_K - q_L)^2   (detailed balance).
//
// For a cotangent c of q: A mu = c outside the sets, mu = 0 on them, A rho the divergence of forward rho_K -
// backward rho_L; then the rise of a face has the cotangent -(mu_K forward' - mu_L backward') (q_K - q_L). C is at
// its minimum in q, so only the two sums send a cotangent to q.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "domain.h"
#include "otto/linear/transport_pair.h"

namespace otto::python {

class BoundaryProblem {
 public:
  /// `held`: per local cell, 0 free, 1 in A, 2 in B. Collective; throws NumericalError where the solve fails.
  BoundaryProblem(std::shared_ptr<const Domain> domain, double temperature,
                  std::span<const double> V, std::vector<int> held, double rtol);

  [[nodiscard]] const std::vector<double>& committor() const { return q_; }  ///< local cells
  [[nodiscard]] const Domain& domain() const { return *flux_.domain; }
  /// k_AB, k_BA. Collective; throws InputError without detailed balance.
  std::array<double, 2> rates();
  /// Of the committor, for `c` of the owned cells. Collective.
  Gradient committor_gradient(std::span<const double> c);
  /// Of the rates. Collective.
  Gradient rates_gradient(std::array<double, 2> c);

 private:
  Flux flux_;
  FaceRates faces_;
  std::vector<int> held_;
  TransportPair pair_;
  std::vector<double> V_, q_;
  double kT_, capacity_ = 0, from_a_ = 0, from_b_ = 0;
};

/// sum_f weight_f pi_K forward_f and sum_K m_K pi_K of_cell_K with their derivatives in V and kT: what quotients of
/// Dirichlet forms are made of. pi is exp(-(V - lowest)/kT).
class DirichletForm {
 public:
  DirichletForm(const Generator& generator, std::span<const double> V, double kT);
  [[nodiscard]] double pi(std::size_t k) const { return pi_[k]; }
  /// Collective.
  [[nodiscard]] double faces(std::span<const double> values) const;
  [[nodiscard]] double cells(std::span<const double> of_cell) const;
  /// gradient += factor times the derivative, u held. Local.
  void add_faces(double factor, std::span<const double> values, Gradient& gradient) const;
  void add_cells(double factor, std::span<const double> of_cell, Gradient& gradient) const;

 private:
  [[nodiscard]] double square(std::span<const double> u, std::size_t f) const;
  const Generator& generator_;
  const Mesh& mesh_;
  FaceRates rates_;
  double kT_;
  std::vector<double> V_, pi_;  ///< V less its lowest value
};

}  // namespace otto::python
