#pragma once
// `otto converge --target E`: the cheapest cells and steps whose error is at most E.

#include "study.h"
#include "study_folder.h"

namespace otto {

/// Throws InputError where the case has no [exact] or no fixed step.
void check_target(const Study& study);

/// From the case itself, halves cells or step, whichever lowers the L1 error more for its cost
/// (cells times steps), until the error is at most `target`; then takes back what was not needed.
/// Says what it found and what it cost. Collective; throws NumericalError where the target is out
/// of reach.
ExitStatus find_cheapest(const Study& study, StudyFolder& folder, double target);

}  // namespace otto
