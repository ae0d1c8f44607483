#pragma once
// log Z of p = e^(-U)/Z against a reference from log weights in both directions. With w = e^F under
// the forward path, E e^F = Z, and w = e^R under the reverse one, E e^(-R) = 1/Z:
//
//   forward  log mean e^F         at most log Z on average (Jensen)
//   reverse  -log mean e^(-R)     at least log Z on average
//   Bennett  the z with  sum_F 1/(1 + (n/m) e^(z-F)) = sum_R 1/(1 + (m/n) e^(R-z)),  n F's, m R's:
//            of least variance (Bennett, J. Comput. Phys. 22, 1976)

#include <span>

namespace otto {

/// log of the mean of e^x.
double log_mean_exp(std::span<const double> x);

struct TwoSided {
  double forward = 0, reverse = 0, bennett = 0;
};
TwoSided two_sided(std::span<const double> F, std::span<const double> R);

/// (sum w)^2 / sum w^2 of w = e^x: as many independent samples as the weighted ones are worth.
double effective_size(std::span<const double> x);
double standard_deviation(std::span<const double> x);

/// Crooks' relation: the log of the ratio of the densities of R and F at w is w - log Z, of slope 1.
/// The slope of a logistic regression of "reverse, not forward" on w, and its standard error.
struct Slope {
  double value = 0, error = 0;
};
Slope crooks_slope(std::span<const double> F, std::span<const double> R);

}  // namespace otto
