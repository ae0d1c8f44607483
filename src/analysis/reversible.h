#pragma once
// Transitions between two outlets A, B of a process with detailed balance, from capacities (well_capacities.h).
// On the graph of the wells and A and B with the conductances C_ij
//
//   sum_j C_ij (q_i - q_j) = 0,   q_A = 0,  q_B = 1,       q(x) = q_B h_B(x) + sum_i q_i h_i(x),
//
// is the probability to reach B before A, and p(x) likewise with p_A = 1, p_B = 0. The transitions per time of
// the density pi are the capacity, sum_f c_KL (q_L - q_K)^2 (Dirichlet): what conducts between A and B when
// all wells are eliminated, which subtracts nothing (Grassmann, Taksar, Heyman 1985). W_A = sum omega p is the
// weight that comes from A.
//
// Errors: what each dC_ij and dM_i of the solves changes by itself, added up.

#include <vector>

#include "outlets.h"
#include "quotient.h"

namespace otto {

struct Reversible {
  std::vector<double> q, p;  ///< of owned + ghost cells; 0 where no outlet can be reached from
  double flux = 0, from_a = 0, from_b = 0;  ///< capacity, W_A, W_B, of the density omega
  double flux_error = 0, from_a_error = 0, from_b_error = 0;  ///< relative
};

/// Outlet 0 is A, 1 is B. Collective; throws NumericalError where the solves leave the flux or the weights open.
Reversible reversible_transitions(const Generator& generator, const Quotient& quotient,
                                  const Outlets& outlets);

}  // namespace otto
