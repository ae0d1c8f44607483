#pragma once
#include <memory>

#include "otto/time/stepper.h"

namespace otto {

/// Implicit Euler or the identric midpoint rule for `flux.kind = "simplex"`, whichever [time]
/// scheme names. Throws InputError where it names another, or the free energy does not keep
/// densities positive.
std::unique_ptr<Stepper> make_simplex_step(const Problem& problem);

}  // namespace otto
