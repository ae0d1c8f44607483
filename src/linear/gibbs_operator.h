#pragma once
// The symmetric form of rates in detailed balance with pi = exp(-V/kT) on a box: of rho = pi u,
//
//   vol_K pi_K u_K + c sum_L g_KL (u_K - u_L),     g_KL = forward pi_K = backward pi_L.

#include <span>
#include <vector>

#include "otto/linear/shifted_solver.h"
#include "otto/mesh/mesh.h"
#include "otto/multigrid/coarsen.h"

namespace otto {

/// Beyond this range of V/kT, sqrt(pi) no longer fits a float with room for residuals.
inline constexpr double single_range = 70;

/// exp((V_mid - V)/kT), V_mid the middle of the range over all ranks. Collective.
std::vector<double> gibbs_weights(const Comm& comm, std::span<const double> V, double kT);
/// g per face, of the rates `forward` out of the left cell and `sign` * `backward` out of the right
/// one; of local cells' pi.
std::vector<double> gibbs_conductances(const Mesh& mesh, std::span<const double> pi,
                                       std::span<const double> forward,
                                       std::span<const double> backward, double sign);
/// The finest level of a hierarchy on a box, all of its coefficients 0.
multigrid::Operator zero_operator(const Mesh& mesh);
/// The finest level of a hierarchy. Collective.
multigrid::Operator gibbs_operator(const Mesh& mesh, std::span<const double> pi,
                                   std::span<const double> conductance);

}  // namespace otto
