#pragma once
// Who sends which cells to whom. Knows nothing of what the values mean.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/core/comm.h"

namespace otto {

/// A communication pattern for cell fields laid out as owned values followed by ghosts.
class Halo {
 public:
  /// A message to or from one rank; `cells` are local indices, in an order both sides agree on.
  struct Link {
    int rank = 0;                     ///< the other one
    int tag = 0;                      ///< tells messages between the same two ranks apart
    std::vector<std::int32_t> cells;  ///< owned ones in what is sent, ghosts in what is received
  };
  /// Without neighbours.
  Halo() = default;
  /// What this rank sends and what it receives; every message has its counterpart on another rank
  /// (or on this one, across a period).
  Halo(std::vector<Link> sends, std::vector<Link> receives)
      : sends_(std::move(sends)), receives_(std::move(receives)) {}

  /// Fills the ghost entries of `field` (owned + ghosts values). Collective over neighbours.
  void update(const Comm& comm, std::span<double> field) const;
  /// The way back: adds what the ghosts of `field` hold to the cells they are copies of, and leaves
  /// the ghosts as they are. Collective over neighbours.
  void add_ghosts(const Comm& comm, std::span<double> field) const;

 private:
  std::vector<Link> sends_, receives_;
};

}  // namespace otto
