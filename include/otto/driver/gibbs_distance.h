#pragma once
#include <span>

#include "otto/operators/generator.h"
#include "otto/operators/ledger.h"

namespace otto {

/// Relative entropy of a density with respect to the Gibbs density of the same mass.
class GibbsDistance {
 public:
  /// Keeps a reference; the temperature must be positive.
  explicit GibbsDistance(const Generator& generator) : generator_(generator) {}

  /// sum vol rho log(rho / pi), pi = mass exp(-V/kT) / Z; 0 at equilibrium, never negative beyond
  /// rounding. `density`: owned values; `ledger`: its own. Collective.
  double operator()(std::span<const double> density, const Ledger& ledger);

 private:
  void normalise();
  [[nodiscard]] double close_to_rest(std::span<const double> density, double shift) const;

  const Generator& generator_;
  long version_ = -1;
  double min_ = 0;    ///< least V
  double shift_ = 0;  ///< log pi = shift - (V - min) / kT for mass 1
};

}  // namespace otto
