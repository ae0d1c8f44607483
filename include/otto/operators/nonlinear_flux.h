#pragma once
// Two-point fluxes of nonlinear free energies, with their derivatives, for implicit steps.
//
// A cell's state is one number s: its density, and beyond the maximum P of a crowd its pressure,
//
//   rho = min(s, P),   U'(s) = U'(rho) + p,   p = kappa (s - P)^+.
//
// All fluxes here have the sign of mu_K - mu_L, so that implicit steps dissipate, are 0 out of an
// empty cell and are monotone: they do not fall with s_K nor rise with s_L.

#include <memory>
#include <span>
#include <vector>

#include "otto/flux/two_point.h"
#include "otto/operators/generator.h"

namespace otto {

/// Cell values, owned + ghosts.
struct FluxState {
  std::vector<double> s, rho, drho;   ///< drho = d rho/d s
  std::vector<double> slope, dslope;  ///< U'(s) and its derivative
  std::vector<double> rest;           ///< V + W * (density), held fixed in derivatives

  explicit FluxState(std::size_t cells)
      : s(cells), rho(cells), drho(cells), slope(cells), dslope(cells), rest(cells) {}
  /// Everything but `rest` from s. Local.
  void update(const InternalEnergy& internal, double kappa);
};

class NonlinearFlux {
 public:
  virtual ~NonlinearFlux() = default;
  /// F of every face, positive from left to right, with dF/ds on its left and right. Local.
  virtual void evaluate(const FluxState& x, std::span<double> F, std::span<double> left,
                        std::span<double> right) const = 0;
};

/// Entropy, external and interaction terms alone: the two-point flux of V + W * rho, of its own
/// order (`flux` must be in detailed balance). With a mobility of the generator its two factors, upwind and downwind. Else, and where `upwind` is asked for, the density
/// of the cell with the larger mu, of first order. Keeps references.
std::unique_ptr<NonlinearFlux> make_nonlinear_flux(const Generator& generator,
                                                   const TwoPointFlux& flux);

/// sum_f F_f (mu_K - mu_L), the dissipation of the fluxes F. Collective.
double dissipation_of(const Generator& generator, const FluxState& x, std::span<const double> F);

}  // namespace otto
