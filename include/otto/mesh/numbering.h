#pragma once
// Cells known by their numbers over all ranks: who sends which to whom, and numbers without gaps.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/core/comm.h"
#include "otto/mesh/halo.h"

namespace otto {

/// The halo of a rank with owned cells `owned` (their numbers, in local order) and ghosts of the
/// given numbers and owners, in local order behind them. A number may have several ghosts, and its
/// owner may be this rank (a periodic copy). Collective.
Halo make_halo(const Comm& comm, std::span<const std::int64_t> owned,
               std::span<const std::int64_t> ghosts, std::span<const std::int32_t> owners);

/// Numbers 0 ... total-1 in the order of their keys: equal keys, on whatever ranks, get one number.
struct Numbers {
  std::vector<std::int64_t> of;  ///< of each key
  std::int64_t total = 0;        ///< different keys on all ranks
};
/// Keys are from 0 to limit - 1. Collective.
Numbers number_keys(const Comm& comm, std::span<const std::int64_t> keys, double limit);

}  // namespace otto
