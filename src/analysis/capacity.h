#pragma once
// The capacity between two sets of a generator with detailed balance, from both sides. With the
// conductances c_KL = pi_K f_KL of the faces, and c_Ks of the ways from K into the sets,
//
//   E(q) = sum_f c_KL (q_L - q_K)^2 + sum_K [c_KA q_K^2 + c_KB (1 - q_K)^2],
//
// the capacity is the least E(q), that of the committor (Dirichlet's principle): E of any q bounds it
// from above. With what a q leaves of its equation, r_K = sum_L c_KL (q_L - q_K) - c_KA q_K + c_KB (1 - q_K),
//
//   E(q*) = E(q) + sum_K r_K (q - q*)_K >= E(q) - sum_K |r_K| max(q_K, 1 - q_K),
//
// q and q* being between 0 and 1. Both bounds are those of the discrete problem: they say what the solve
// has left open, rounding included, not how far the grid is from the equation.

#include <array>
#include <span>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

struct Conductances {
  std::span<const double> pi;      ///< owned + ghosts
  std::vector<double> to_a, to_b;  ///< c_KA, c_KB of the owned cells
  std::vector<double> held;        ///< owned + ghosts: not 0 for cells of the sets themselves
};

/// Lower and upper bound. `q`: owned cells, the committor from A to B. Collective.
std::array<double, 2> capacity_bounds(const Generator& generator, const Conductances& c,
                                      std::span<const double> q);

}  // namespace otto
