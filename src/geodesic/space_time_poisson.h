#pragma once
// Poisson's equation on the space-time grid of a slab, with no flux through any side:
//
//     (D_t' D_t + gamma D_x' D_x) phi = f,
//
// D_t and D_x the differences between neighbouring entries over dt and the cell widths. The cosine
// transform along every axis makes it diagonal, with the eigenvalues
//
//     (2 - 2 cos(pi k / N)) / dt^2 + gamma sum_a (2 - 2 cos(pi k_a / n_a)) / h_a^2 .
//
// Every plane is transformed as a whole, in one place; then the columns across the planes, brought together
// on one rank each, in groups of eight by their numbers: so the bits do not depend on the number of ranks.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "slab.h"

namespace otto {

/// Planes across the last axis that are this rank's; ranks without any come last.
struct PlaneRange {
  std::int64_t first = 0, count = 0;
};
/// `slab` with its sizes set and its planes not yet. Collective.
PlaneRange transform_planes(const Slab& slab);

class SpaceTimePoisson {
 public:
  explicit SpaceTimePoisson(const Slab& slab);  ///< Collective
  ~SpaceTimePoisson();
  SpaceTimePoisson(const SpaceTimePoisson&) = delete;
  SpaceTimePoisson& operator=(const SpaceTimePoisson&) = delete;

  /// f, to be filled before solve(); phi of mean zero afterwards. slab.size() entries.
  [[nodiscard]] std::span<double> values();
  /// Collective.
  void solve(double gamma);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
