#pragma once
#include <memory>

#include "otto/time/stepper.h"

namespace otto {

/// Implicit Euler for free energies with terms beyond entropy and V. Throws InputError where there
/// is a drift or an absorbing side as well.
std::unique_ptr<Stepper> make_nonlinear_euler(const Problem& problem);

}  // namespace otto
