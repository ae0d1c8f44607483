#pragma once
#include "otto/operators/ledger.h"

namespace otto {

/// The ledger of a free energy with terms beyond entropy and V. Collective.
Ledger nonlinear_ledger(const Generator& generator, std::span<const double> rho,
                        bool with_dissipation);

}  // namespace otto
