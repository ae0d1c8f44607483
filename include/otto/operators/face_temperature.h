#pragma once
// kT where it varies, of cells and across faces. Of the flux -D (grad(kT rho) + rho grad V) the
// product u = kT rho is what two centres K and L have in common:
//
//   F_f = a D_f [B(s) kT_K rho_K - B(-s) kT_L rho_L],   s = (V_L - V_K - b.(x_L - x_K) / D_f) / kT_f,
//
// with 1/kT_f the mean of 1/kT along the way, in two parts as that of 1/D (face_diffusion.h): between
// two cells at rest log u falls by the integral of V'/kT, to O(h^2), and where V is flat kT rho is the
// same everywhere to rounding. On a wall, rho_b in the place of rho_L, s half-way.

#include <vector>

#include "otto/energy/temperature.h"

namespace otto {

struct FaceTemperature {
  std::vector<double> cells;     ///< owned + ghosts
  std::vector<double> faces;     ///< kT_f
  std::vector<double> half_way;  ///< between the centre and each boundary face
  std::vector<double> walls;     ///< on each boundary face
};

/// At time t. Collective; throws InputError where kT is not finite and positive.
FaceTemperature face_temperature(const Mesh& mesh, const VaryingTemperature& kT, double t);

}  // namespace otto
