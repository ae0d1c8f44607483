#pragma once
// [units]: what the numbers of a case are measured in, and what else is brought to them.

#include <string>
#include <string_view>

#include "otto/casefile/section.h"

namespace otto {

/// A second in that unit of time ("ps": 1e12); 0 where the unit is not known.
double seconds_in(std::string_view unit);

/// What a diffusion coefficient in the unit `section`.`key`, "LENGTH^2/TIME", is multiplied by to be in
/// units.length^2/units.time. Throws InputError at the key.
double diffusion_factor(const Section& section, std::string_view key, const Section& units);

}  // namespace otto
