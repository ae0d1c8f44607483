// Centred: diffusion, plus the drift times the mean of the two densities (classical central
// differences),
//
//   B(s) = 1 - s/2.
//
// Second order. Both weights are non-negative only while |s| <= 2 (a cell Peclet number of at most
// 2): beyond that densities may turn negative. The Gibbs state is not at rest, only to order s^3.

#include "formula_flux.h"

namespace otto {

namespace {

const RegisterFlux registered = register_flux(
    {.name = "centred",
     .doc = "Central differences: second order, positive only while V changes by at most 2 kT per "
            "cell, does not keep the Gibbs state.",
     .equation = "B(s) = 1 - s/2",
     .detailed_balance = false,
     .monotone = false},
    [](double s) -> FluxWeights {
      return {1 - 0.5 * s, 1 + 0.5 * s};
    },
    [](double) -> FluxWeights {
      return {-0.5, 0.5};
    });

}  // namespace

}  // namespace otto
