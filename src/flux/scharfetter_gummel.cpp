// Scharfetter-Gummel (Chang-Cooper in one dimension): the flux that is exact for a constant flux
// and a linear V between the two centres,
//
//   B(s) = s / (e^s - 1),      B(-s) = s + B(s) = e^s B(s).
//
// D. L. Scharfetter, H. K. Gummel, IEEE Trans. Electron Devices 16 (1969) 64.
//
// For t = |s| and e^t = 2^k (1 + q),  B(t) = t / (e^t - 1) = 2^-k t / (q + (1 - 2^-k)): no
// cancellation (the denominator is q for k = 0 and at least 1/5 beyond) and no overflow. The other
// side is t + B(t), a sum of positive numbers. Where t > 800 both B(t) and 800 e^-800 round to 0.

#include <cmath>
#include <limits>

#include "formula_flux.h"
#include "otto/core/split_exponential.h"

namespace otto {

namespace {

/// B(t) for t >= 0.
inline double bernoulli_of_positive(double t) {
  constexpr double smallest = std::numeric_limits<double>::min();  // keeps 0/0 out; B(smallest) = 1
  const double c = t < smallest ? smallest : t < 800 ? t : 800;
  const auto [q, k] = split_exponential(c);
  const std::int64_t half = k >> 1;
  const double a = power_of_two(-half), b = power_of_two(half - k);
  return c / (q + (1 - a * b)) * a * b;
}

/// B(s), B(-s).
FluxWeights weights_of(double s) {
  const double t = std::abs(s);
  const double with = bernoulli_of_positive(t), against = with + t;
  return {s > 0 ? with : against, s > 0 ? against : with};
}

/// B'(s), d/ds B(-s) = B'(s) + 1.
FluxWeights derivatives_of(double s) {
  const double d = bernoulli_derivative(s, bernoulli(s));
  return {d, d + 1};
}

const RegisterFlux registered = register_flux(
    {.name = "scharfetter_gummel",
     .doc =
         "Scharfetter-Gummel: second order, keeps the Gibbs state and positivity, tends to upwind "
         "where the drift dominates.",
     .equation = "B(s) = s / (exp(s) - 1)",
     .detailed_balance = true,
     .monotone = true},
    [](double s) -> FluxWeights { return weights_of(s); },
    [](double s) -> FluxWeights { return derivatives_of(s); });

// What the density allows beyond these weights the generator adds.
const RegisterFlux registered_limited = register_flux(
    {.name = flux_with_limiter,
     .doc = "Scharfetter-Gummel less its numerical diffusion where the density is resolved, by "
            "Koren's limiter: second order, positive by implicit Euler; on boxes, with "
            "implicit_euler and tr_bdf2. Keeps the Gibbs state to second order only.",
     .equation = "B(s) + g(rho) [(B(s) + B(-s)) / 2 - 1] upwind, -2 <= g",
     .detailed_balance = false,
     .monotone = true,
     .limited = true},
    [](double s) -> FluxWeights { return weights_of(s); },
    [](double s) -> FluxWeights { return derivatives_of(s); });

}  // namespace

double bernoulli(double s) {
  const double b = bernoulli_of_positive(std::abs(s));
  return s > 0 ? b : b - s;
}

double bernoulli_derivative(double s, double B) {
  constexpr double near_zero = 1e-2;  // below it the series is exact, above it nothing cancels much
  const double q = s * s;
  if (std::abs(s) < near_zero) return -0.5 + s * (1.0 / 6 - q / 180 + q * q / 5040);
  return B * (1 - (B + s)) / s;
}

}  // namespace otto
