#pragma once
// Conjugate gradients in the space of an objective's unknowns.

#include <functional>
#include <span>

#include "otto/infer/objective.h"

namespace otto {

/// x of A x = b, A symmetric and positive, by flexible conjugate gradients.
struct CgResult {
  Objective::Vector x, residual;
  int iterations = 0;
};
using LinearMap = std::function<void(std::span<const double>, std::span<double>)>;
/// From x = 0 to a residual of `rtol` of b, in the norm of P. Collective.
CgResult conjugate_gradients(const Objective& space, const LinearMap& A, const LinearMap& P,
                             std::span<const double> b, double rtol, int max_iterations);

}  // namespace otto
