#pragma once
// Gradients of an energy known at the cell centres, as differences across the faces f = K|L with
// transmissibilities a_f, weighted by the logarithmic mean Lambda of two densities:
//
//   E_rho |grad U|^2 = sum_f a_f Lambda(r_K, r_L) (U_K - U_L)^2,      r_K = rho_K / vol_K.
//
// For rho = exp(-U)/Z it is sum_f a_f (r_K - r_L) (U_L - U_K), Fisher's information of rho on the grid.

#include <span>

#include "otto/mesh/mesh.h"
#include "otto/network/network.h"

namespace otto {

/// (a - b) / (log a - log b), its limit a where a = b, 0 where one vanishes.
double logarithmic_mean(double a, double b);

/// E_rho |grad U|^2. `U`, `rho` (masses): owned cells. Collective.
double gradient_square(const Mesh& mesh, std::span<const double> U, std::span<const double> rho);

/// Returns lambda/2 E_rho |grad U|^2 [- lambda E_rho Lap U] and adds its derivative with respect to
/// U, rho held fixed, to `c` (owned cells). Collective.
double add_gradient_penalty(const Mesh& mesh, std::span<const double> U,
                            std::span<const double> rho, double lambda, bool laplacian,
                            std::span<double> c);

/// The same mean of |grad U|^2 with the network's own gradient at one random point of every cell of
/// a box, by `seed`; near gradient_square where U is as smooth between the centres as it is on
/// them. `rho`: masses of the owned cells. Collective.
double gradient_square_between(const Mesh& mesh, const Network& network,
                               std::span<const double> rho, std::uint64_t seed);

}  // namespace otto
