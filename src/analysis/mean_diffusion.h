#pragma once

#include "otto/operators/generator.h"

namespace otto {

/// kT D, averaged over the domain and its axes: the sum over faces of (k_KL + k_LK)/2 times the squared distance of the
/// centres, over the volume and the dimension. A drift that moves a cell's mass far counts too. Length^2 per time: with a
/// length it tells how long "long" is, in whatever units a case is written. Collective.
double mean_diffusion(const Generator& generator);

}  // namespace otto
