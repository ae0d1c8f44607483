#pragma once
// What Scharfetter-Gummel's numerical diffusion may be relieved of. With the centred weights 1 -+ s/2,
//
//   SG flux = centred flux - a kT delta(s) (rho_L - rho_K),    delta(s) = (B(s) + B(-s))/2 - 1 >= 0,
//
// and the limited flux gives back a part of the difference, as a multiple g of the density upwind:
//
//   s < 0 (from K to L):  c_K = B(s)  + delta(s) g_K,   g_K = kappa(r) (rho_L - rho_K) / rho_K,
//                         r = (rho_K - rho_KK) / (rho_L - rho_K),
//   s > 0 (from L to K):  c_L = B(-s) + delta(s) g_L,   mirrored,
//   kappa(r) = max(0, min(2 r, (1 + 2 r) / 3, 2))       (B. Koren 1993),
//
// KK the cell beyond K, differences over the distances of their centres where these differ. g >= -2
// and B(s) - 2 delta(s) = 2 - B(|s|) >= 1 upwind, so the weights stay positive whatever the density:
// for fixed ratios g the matrix is that of an M-matrix, linear in rho and smooth in V. Without a cell
// KK (at walls) kappa = 0 and the flux is Scharfetter and Gummel's. At the fixed point, where g is of
// the very density it moves, the flux upwind is the limited one of third order.
//
// kT = 0: kT delta(s) -> |V_L - V_K| / 2.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// g of every face for flow from `left` and from `right`.
struct LimiterRatios {
  std::vector<double> left;   ///< g_K per face
  std::vector<double> right;  ///< g_L
};

/// Of a density (owned + ghosts, ghosts up to date) on a box. Values below a tiny part of the mean
/// count as that. Collective.
LimiterRatios limiter_ratios(const Mesh& mesh, std::span<const double> rho);

}  // namespace otto
