// Upwind: diffusion, plus the drift carried from the cell it comes from,
//
//   B(s) = 1 + max(-s, 0).
//
// The limit kT -> 0 of Scharfetter-Gummel. Monotone, first order; the Gibbs state is not at rest.

#include "formula_flux.h"

namespace otto {

namespace {

const RegisterFlux registered = register_flux(
    {.name = "upwind",
     .doc = "Upwind: first order, keeps positivity, not the Gibbs state.",
     .equation = "B(s) = 1 + max(-s, 0)",
     .detailed_balance = false,
     .monotone = true,
     .order = 1},
    [](double s) -> FluxWeights {
      return {s < 0 ? 1 - s : 1, s > 0 ? 1 + s : 1};
    },
    [](double s) -> FluxWeights {
      return {s < 0 ? -1.0 : 0.0, s > 0 ? 1.0 : 0.0};
    });

}  // namespace

}  // namespace otto
