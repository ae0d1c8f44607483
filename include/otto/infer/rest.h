#pragma once
// Whether a population is at rest, as far as its snapshots tell.

#include "otto/infer/snapshots.h"
#include "otto/mesh/mesh.h"

namespace otto {

struct RestOptions {
  double distance = 1e-9;  ///< L1 between densities: rounding of what wrote them
  double deviations = 4;   ///< of the statistic of counts, above which they differ
};

/// No snapshot of any series differs from the first of its series: densities by more than rounding, counts a of
/// n_a and b of n_b samples by more than noise. Given a + b the statistic
///
///   X = sum over cells with a + b > 0 of (a n_b - b n_a)^2 / (n_a n_b (a + b))
///
/// has mean 1 per cell, less 1 in all, and variance 2 + (1/(p q) - 6)/(a + b), p = n_a/(n_a + n_b), q = 1 - p, also
/// in cells of few counts. Collective.
bool at_rest(const Mesh& mesh, const Snapshots& data, const RestOptions& options = {});

}  // namespace otto
