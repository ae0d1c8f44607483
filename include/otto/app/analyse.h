#pragma once
#include "otto/app/setup.h"
#include "otto/driver/run_output.h"

namespace otto {

/// Throws the InputErrors of [analysis], at the key. Collective.
void check_analysis(const Setup& setup);

/// Computes what [analysis] asks for and adds it to the output. Collective; throws
/// NumericalError.
void analyse(const Setup& setup, RunOutput& output);

}  // namespace otto
