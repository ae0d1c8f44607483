#pragma once
// Which cells a process can get from, and to: faces conduct in the directions of rates that are not 0. With
// detailed balance both directions go together, also where one rate is below the smallest number (up to the V/kT
// that deep_modes.h follows; beyond, what has no rate never happens).

#include <cstdint>
#include <vector>

#include "otto/operators/generator.h"

namespace otto {

/// 1 for the cells (owned + ghosts) from which a way of positive rates leads into the seeds (likewise), seeds
/// included; others 0. Collective.
std::vector<double> reaching(const Generator& generator, std::vector<double> seeds);

/// Pieces of the domain between which no face conducts in either direction. Collective.
std::int64_t count_pieces(const Generator& generator);

/// Throws NumericalError where there are several; `what` is not determined then. Collective.
void require_one_piece(const Generator& generator, const char* what);

}  // namespace otto
