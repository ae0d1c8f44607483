#pragma once
// [accuracy]: an estimate of the error of a run, from companion runs.

#include "otto/app/commands.h"
#include "otto/app/setup.h"
#include "otto/driver/run_output.h"
#include "otto/driver/simulation.h"

namespace otto {

/// Throws the InputErrors of [accuracy], at the key. Collective.
void check_accuracy(const Setup& setup);

/// After a completed run: writes error.estimate, the estimated L1 error at the end, and its two
/// parts error.estimate_space and error.estimate_time into the summary. A companion that fails
/// leaves a warning and no estimate. Collective.
void estimate_error(const Setup& setup, const RunOptions& options, const RunOutcome& outcome,
                    RunOutput& output);

}  // namespace otto
