#pragma once
// Twice the misfit of counts, as it would be for counts drawn from the model: of a cell of mean count N m rho its mean
// and variance over n of Poisson's law, phi of likelihood.h,
//
//   E D = sum_n p(n) 2 N m phi(rho, n / (N m)),   Var D alike.
//
// Where many are expected that is chi square of one degree of freedom; where few are, its mean is another.

#include "otto/infer/objective.h"

namespace otto {

struct DevianceLaw {
  double mean = 0, deviation = 0;  ///< of the sum over all cells and intervals
};

struct DevianceOptions {
  double many = 1e3;  ///< counts expected, from where the law is chi square to 1e-4
  double width = 10;  ///< standard deviations of n that are summed: the rest is below 1e-20
};

/// At the objective's last value(), of data that are samples. Collective.
DevianceLaw deviance_law(const Objective& objective, const Snapshots& data, double background,
                         const DevianceOptions& options = {});

}  // namespace otto
