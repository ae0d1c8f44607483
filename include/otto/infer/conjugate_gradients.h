#pragma once
// Conjugate gradients in the space of an objective's unknowns.

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "otto/infer/objective.h"

namespace otto {

/// x of A x = b, A symmetric and positive, by flexible conjugate gradients.
struct CgResult {
  Objective::Vector x, residual;
  int iterations = 0;
};
using LinearMap = std::function<void(std::span<const double>, std::span<double>)>;

/// The directions of earlier solves with the same A and P, p_i.A p_j = 1 where i = j and 0 elsewhere. A solve that begins with its
/// part in them, x = sum_j p_j (p_j.b), and keeps its own directions conjugate to them need not find again what they have found: the
/// few ends of the spectrum that P leaves cost the first solves alone (J. Erhel and F. Guyomarc'h, An augmented conjugate
/// gradient method, 2000).
class ConjugateSpace {
 public:
  /// Of at most so many directions, two vectors each: the first ones stay.
  explicit ConjugateSpace(std::size_t max = 100) : max_(max) {}

  [[nodiscard]] std::size_t size() const { return p_.size(); }
  /// x += sum_j p_j (p_j.r), r -= A of that. Collective.
  void take_part(const Objective& space, std::span<double> x, std::span<double> r) const;
  /// p becomes conjugate to all directions. Collective.
  void conjugate(const Objective& space, std::span<double> p) const;
  /// One more, q = A p and pq = p.q, where there is room.
  void add(std::span<const double> p, std::span<const double> q, double pq);

 private:
  std::size_t max_;
  std::vector<Objective::Vector> p_, q_;
};

/// From x = 0, or the part of x in `known`, to which new directions are added, to a residual of `rtol` of b, in the norm of P.
/// Collective.
CgResult conjugate_gradients(const Objective& space, const LinearMap& A, const LinearMap& P,
                             std::span<const double> b, double rtol, int max_iterations,
                             ConjugateSpace* known = nullptr);

}  // namespace otto
