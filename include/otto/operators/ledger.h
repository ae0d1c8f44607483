#pragma once
// The evidence of a step: mass, bounds, free energy and dissipation of a density.

#include <span>

#include "otto/operators/generator.h"

namespace otto {

/// Sums over all cells of one state.
struct Ledger {
  double mass = 0;         ///< sum vol rho
  double min_density = 0;  ///< over all cells
  double max_density = 0;  ///< over all cells
  double free_energy = 0;  ///< sum vol (U(rho) + V rho + 1/2 rho W * rho)
  double dissipation = 0;  ///< sum_f F_f (mu_K - mu_L), mu = dF/drho; 0 where not asked
  bool finite = true;      ///< every density is a number
};

/// Ledger of `rho` (owned + ghosts, ghosts up to date) in one pass over cells and one over faces.
/// Collective.
Ledger ledger(const Generator& generator, std::span<const double> rho, bool with_dissipation);

}  // namespace otto
