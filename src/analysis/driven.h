#pragma once
// Transitions of a process without detailed balance. q+ solves the backward equation, in which a cell K next to a cell L of a
// set, whose edge cuts the way between them at the share s, leaves into the set at the rate f_KL / s. u = pi q- solves
// the forward equation with the same rates, its transpose, and with the gain
//
//   g_KL = (1/s - 1) f_KL pi_K + f_LK pi_L     next to A:
//
// with u = pi, as without sets, the flux f_KL pi_K - f_LK pi_L stays on the face, and q- = 1 on the edge of A to second order. As
// the two systems are transposes, what leaves A is what arrives at B, on every grid:
//
//   sum g q+ = sum (f / s) u.
//
// A face of a side in A or B has the rate k_K of absorption, and next to A the gain k_K pi_K: with u = pi nothing flows
// through it. Both systems are scaled by pi (flow_solver.h) and solved again for what is left of them, residuals being sums of fluxes.

#include <vector>

#include "otto/operators/generator.h"
#include "outlets.h"

namespace otto {

struct Driven {
  std::vector<double> u, q;  ///< owned + ghosts; pi and 0 in A, 0 and 1 in B, 0 in cells cut off
  std::vector<double> face_flux;   ///< of what goes from A to B, from left to right
  double leaves = 0, arrives = 0;  ///< at A and at B, per time
};

/// Outlet 0 is A, 1 is B; `pi`: owned + ghosts, at rest for the rates of `generator`. Collective; throws NumericalError.
Driven driven_transitions(const Generator& generator, const Outlets& outlets,
                          const std::vector<double>& pi);

}  // namespace otto
