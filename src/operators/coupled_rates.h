#pragma once
// Rates on cells bounded by medians, fitted simplex by simplex. In a simplex e the potential over
// kT, U = (V - b.x) / kT with b at its middle, is linear, the current J = -kT e^-U grad(e^U rho) is
// taken to be constant, and so e^-U is replaced by its harmonic mean (Markowich and Zlamal, Math.
// Comp. 51, 1988):
//
//   F_ij = kT s_ij [rho_i e^{U_i} - rho_j e^{U_j}] / M_e,     M_e = mean over e of e^U,
//
// with s_ij of mesh/simplices.h. In one dimension this is the Scharfetter-Gummel flux. pi = e^-V/kT
// is at rest; with b = 0 the rates form sum_e (kT / M_e) |e| |grad(rho e^U)|^2 >= 0, whatever the sign
// of single s_ij. Of p + 1 values, M_e is p! times the divided difference of exp.

#include <span>

#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The mean of e^U over a simplex on which U is linear, from its values `u` at the corners, none
/// above 0: to a few roundings.
double mean_of_exp(std::span<const double> u);

/// The rates of Generator, per face of a mesh with Mesh::couplings. `V`: owned + ghosts.
void coupled_rates(const Mesh& mesh, std::span<const double> V, const Drift* drift, double t,
                   double kT, std::span<double> forward, std::span<double> backward);

}  // namespace otto
