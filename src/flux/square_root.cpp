// Square-root approximation: the Gibbs weight of a face is the geometric mean of its two cells,
//
//   B(s) = e^{-s/2},      B(-s) = e^{s/2} = e^s B(s).
//
// H. C. Lie, K. Fackeldey, M. Weber, SIAM J. Matrix Anal. Appl. 34 (2013) 738; M. Heida,
// M. Kantner, A. Stephan, ESAIM: M2AN 55 (2021) 3017.
//
// The exponent is limited to |s|/2 <= 600, so that B and its products with transmissibilities and
// densities are finite for every s. Beyond |s| = 1200 the two weights keep the ratio e^1200:
// detailed balance cannot be represented there.

#include <cmath>

#include "formula_flux.h"
#include "otto/core/split_exponential.h"

namespace otto {

namespace {

const RegisterFlux registered = register_flux(
    {.name = "square_root",
     .doc =
         "Square-root approximation: second order, keeps the Gibbs state and positivity; its rates "
         "explode where V changes by many kT per cell.",
     .equation = "B(s) = exp(-s/2)",
     .detailed_balance = true,
     .monotone = true},
    [](double s) -> FluxWeights {
      const double half = 0.5 * std::abs(s);
      const auto [q, k] = split_exponential(half < 600 ? half : 600);
      const double large = (1 + q) * power_of_two(k), small = 1 / large;
      return {s > 0 ? small : large, s > 0 ? large : small};
    },
    [](double s) -> FluxWeights {
      if (std::abs(s) > 1200) return {0, 0};  // the weights are constant there
      return {-0.5 * std::exp(-0.5 * s), 0.5 * std::exp(0.5 * s)};
    });

}  // namespace

}  // namespace otto
