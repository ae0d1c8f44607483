#pragma once
// Rates of two-point fluxes with their derivatives, per face. With s = rise / kT, rise = V_L - V_K less
// the drift's part, and weights c_K, c_L (with what a limiter adds for its frozen ratios g),
//
//   F = forward rho_K - backward rho_L,   forward = a kT c_K(s),  backward = a kT c_L(s),
//   dF/d rise = a (c_K' rho_K - c_L' rho_L),
//   dF/d kT   = a [(c_K - s c_K') rho_K - (c_L - s c_L') rho_L].

#include <span>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

struct FaceRates {
  std::vector<double> forward, backward;            ///< of F
  std::vector<double> forward_rise, backward_rise;  ///< a c_K', a c_L'
  std::vector<double> forward_kT, backward_kT;      ///< a (c_K - s c_K'), a (c_L - s c_L')
};

/// Of the generator as it stands. Throws InputError where its fluxes are no two-point fluxes, without
/// an entropy, and where mass is exchanged. Local.
FaceRates face_rates(const Generator& generator);

/// out = left_f rho_K - right_f rho_L of the faces; `rho`: owned + ghosts.
void face_fluxes(const Mesh& mesh, std::span<const double> left, std::span<const double> right,
                 std::span<const double> rho, std::span<double> out);
/// out_K += factor (sum of F over the faces K is left of, less those it is right of); owned cells.
void add_divergence(const Mesh& mesh, double factor, std::span<const double> F,
                    std::span<double> out);
/// out += factor A^T mu, A rho the divergence of forward rho_K - backward rho_L. `mu`: owned + ghosts.
void add_transposed(const Mesh& mesh, double factor, const FaceRates& rates,
                    std::span<const double> mu, std::span<double> out);

}  // namespace otto
