#pragma once
#include <span>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

/// Relative entropy of a density with respect to the Gibbs density of the same mass.
class GibbsDistance {
 public:
  /// Keeps a reference; the temperature must be positive.
  explicit GibbsDistance(const Generator& generator) : generator_(generator) {}

  /// sum vol rho log(rho / pi), pi = mass exp(-V/kT) / Z; 0 at equilibrium, never negative beyond
  /// rounding. `density`: owned values. Collective.
  double operator()(std::span<const double> density, double mass);

 private:
  void normalise();

  const Generator& generator_;
  long version_ = -1;
  double shift_ = 0;        ///< log pi = shift - V/kT for mass 1
  std::vector<double> pi_;  ///< per owned cell, for mass 1
};

}  // namespace otto
