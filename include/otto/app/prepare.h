#pragma once
#include "otto/casefile/case.h"
#include "otto/core/comm.h"

namespace otto {

/// Builds everything a run builds before its first step (mesh, energies, initial density, stepper)
/// and throws what a run would throw. Collective.
void prepare_case(const Comm& comm, const Case& c);

}  // namespace otto
