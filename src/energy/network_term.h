#pragma once
// A network that a case names, in an external energy or as an interaction kernel.

#include <memory>

#include "otto/casefile/section.h"
#include "otto/core/point.h"
#include "otto/energy/free_energy.h"
#include "otto/network/network_use.h"

namespace otto {

/// Reads the file of a term's key `network`. Never communicates. Throws InputError.
std::shared_ptr<NetworkUse> read_network_term(const Section& term, int dimension);

/// V(x) = U_theta(x). The values at the last points asked for are kept, so that nothing is
/// evaluated twice.
std::unique_ptr<ExternalEnergy> make_network_energy(std::shared_ptr<NetworkUse> use);

}  // namespace otto
