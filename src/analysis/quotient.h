#pragma once
// The quadratic form of a generator with detailed balance, and its quotient: with omega = vol pi,
// conductances g_f = forward_f pi_K = backward_f pi_L and the absorption k,
//
//   E(u, v) = sum_f g_f (u_K - u_L) (v_K - v_L) + sum_K k_K pi_K u_K v_K,
//   rate(u) = E(u, u) / sum_K omega_K u_K^2.

#include <vector>

#include "otto/analysis/spectrum.h"
#include "otto/operators/generator.h"

namespace otto {

class Quotient {
 public:
  explicit Quotient(const Generator& generator);

  [[nodiscard]] const Mesh& mesh() const { return mesh_; }
  [[nodiscard]] double omega(std::size_t k) const { return mesh_.volume[k] * pi_[k]; }
  [[nodiscard]] double pi(std::size_t k) const { return pi_[k]; }
  [[nodiscard]] double conductance(std::size_t f) const;
  /// Whether sums over faces count f on this rank: on that of its left cell, once.
  [[nodiscard]] bool counts(std::size_t f) const { return mesh_.faces.left[f] < mesh_.owned; }

  /// Sets rate and residual |A y - rate y| / (rate |y|), y = sqrt(omega) u. Collective.
  void judge(Mode& mode) const;
  /// sum omega u^2 = sum omega, and a sign that does not depend on the ranks: that of the moment
  /// with a polynomial without symmetries of its own. Collective.
  void normalise(std::vector<double>& u) const;

 private:
  const Generator& generator_;
  const Mesh& mesh_;
  std::vector<double> pi_;
};

}  // namespace otto
