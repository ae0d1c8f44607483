// Fourth order: the centred flux, and what operators/fourth_order.h adds to it. The weights are
// those of the centred part.

#include "formula_flux.h"

namespace otto {

namespace {

const RegisterFlux registered = register_flux(
    {.name = flux_of_fourth_order,
     .doc = "Averages over cells and faces to fourth order, on boxes of equal cells: for smooth "
            "densities on grids that resolve them. Keeps the mass, and for linear drifts the first "
            "two "
            "moments exactly; neither positivity nor the Gibbs state.",
     .equation =
         "F = -kT d_a rho + B rho by cubic and quartic polynomials in the cells around a face",
     .detailed_balance = false,
     .monotone = false,
     .order = 4},
    [](double s) -> FluxWeights {
      return {1 - 0.5 * s, 1 + 0.5 * s};
    },
    [](double) -> FluxWeights {
      return {-0.5, 0.5};
    });

}  // namespace

}  // namespace otto
