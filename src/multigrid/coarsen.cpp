#include "otto/multigrid/coarsen.h"

#include <algorithm>
#include <cmath>

#include "gathering.h"
#include "otto/core/reproducible_sum.h"

namespace otto::multigrid {

namespace {

/// Mean normalised coupling g / sqrt(omega_K omega_L) along each axis over all blocks.
std::array<double, 3> couplings(const Operator& level) {
  std::array<ReproducibleSum, 6> sums;
  const BlockGrid& grid = level.grid;
  for_each(grid.n, [&](int i, int j, int k) {
    const std::ptrdiff_t c = grid.index(i, j, k);
    for (std::size_t a = 0; a < std::size_t(grid.dim); ++a) {
      const double g = level.g[a][std::size_t(c)];
      const double scale = std::sqrt(level.omega[std::size_t(c)]) *
                           std::sqrt(level.omega[std::size_t(c - grid.stride[a])]);
      if (g > 0 && scale > 0) {
        sums[a] += g / scale;
        sums[3 + a] += 1;
      }
    }
  });
  const std::vector<double> all = sums_of_all(level.comm, sums);
  std::array<double, 3> mean{};
  for (std::size_t a = 0; a < 3; ++a) mean[a] = all[3 + a] > 0 ? all[a] / all[3 + a] : 0;
  return mean;
}

/// theta / g of the inner face between a cell and its sibling along axis `a`; 0 without sibling.
std::vector<double> inner_resistance(const Operator& fine, std::size_t a) {
  const BlockGrid& grid = fine.grid;
  std::vector<double> resistance(grid.size, 0.0);
  for_each(grid.n, [&](int i, int j, int k) {
    const std::array<int, 3> at{i, j, k};
    const bool upper = at[a] % 2 == 1;
    if (!upper && at[a] + 1 == grid.n[a]) return;  // alone at the odd end of the axis
    const std::ptrdiff_t me = grid.index(i, j, k), sibling = me + (upper ? -1 : 1) * grid.stride[a];
    const double g = fine.g[a][std::size_t(upper ? me : sibling)];
    const double mine = fine.omega[std::size_t(me)], theirs = fine.omega[std::size_t(sibling)];
    resistance[std::size_t(me)] = theirs / (mine + theirs) / g;
  });
  return resistance;
}

void exchange(Operator& level) {
  BlockExchange halo(level.comm, level.grid, level.neighbour);
  halo(level.omega.data());
  for (std::size_t a = 0; a < std::size_t(level.grid.dim); ++a) halo(level.g[a].data());
}

void allocate(Operator& level) {
  level.omega.assign(level.grid.size, 0.0);
  for (std::size_t a = 0; a < std::size_t(level.grid.dim); ++a)
    level.g[a].assign(level.grid.size, 0.0);
}

/// The block of this rank with its ends moved down to whole aggregates; that of the last one stays.
Region evened(const Operator& fine, const std::array<int, 3>& factor) {
  Region r = region_of(fine);
  for (std::size_t a = 0; a < 3; ++a) {
    r.begin[a] -= r.begin[a] % factor[a];
    if (r.end[a] != fine.global[a]) r.end[a] -= r.end[a] % factor[a];
  }
  return r;
}

/// The arrays of `level` into those of `next`, halos included.
void carry(const Operator& level, Operator& next) {
  allocate(next);
  const Gathering gathering(level, next);
  gathering.gather(level.grid, level.omega.data(), next.grid, next.omega.data());
  for (std::size_t a = 0; a < std::size_t(next.grid.dim); ++a) {
    gathering.gather(level.grid, level.g[a].data(), next.grid, next.g[a].data());
  }
  exchange(next);
}

}  // namespace

std::array<int, 3> coarsening_factors(const Operator& fine, const CoarseningOptions& options) {
  std::array<int, 3> factor{1, 1, 1};
  const auto strength = couplings(fine);
  const double strongest = *std::ranges::max_element(strength);
  for (std::size_t a = 0; a < std::size_t(fine.grid.dim); ++a) {
    const bool strong = strength[a] >= options.weak_axis * strongest && strength[a] > 0;
    if (fine.global[a] >= 2 && strong) factor[a] = 2;
  }
  return factor;
}

Fit fit(const Operator& fine, const std::array<int, 3>& factor) {
  bool even = true, full = true;
  const Region moved = evened(fine, factor);
  for (std::size_t a = 0; a < 3; ++a) {
    even = even && fine.begin[a] % factor[a] == 0;
    full = full && moved.size()[a] > 0;
  }
  if (fine.comm.any(!full)) return Fit::gather;
  return fine.comm.any(!even) ? Fit::regroup : Fit::coarsen;
}

Operator coarsen(const Operator& fine, const std::array<int, 3>& factor) {
  Operator coarse;
  coarse.comm = fine.comm;
  coarse.neighbour = fine.neighbour;
  std::array<std::int32_t, 3> n{};
  for (std::size_t a = 0; a < 3; ++a) {
    n[a] = (fine.grid.n[a] + factor[a] - 1) / factor[a];
    coarse.begin[a] = fine.begin[a] / factor[a];
    coarse.global[a] = (fine.global[a] + factor[a] - 1) / factor[a];
  }
  coarse.grid = BlockGrid(fine.grid.dim, n);
  allocate(coarse);
  const auto parent = [&](int i, int j, int k) {
    return std::size_t(coarse.grid.index(i / factor[0], j / factor[1], k / factor[2]));
  };
  for_each(fine.grid.n, [&](int i, int j, int k) {
    coarse.omega[parent(i, j, k)] += fine.omega[std::size_t(fine.grid.index(i, j, k))];
  });
  for (std::size_t a = 0; a < std::size_t(fine.grid.dim); ++a) {
    std::vector<double> inner(fine.grid.size, 0.0);
    if (factor[a] == 2) inner = inner_resistance(fine, a);
    BlockExchange(fine.comm, fine.grid, fine.neighbour)(inner.data());
    for_each(fine.grid.n, [&](int i, int j, int k) {
      const std::array<int, 3> at{i, j, k};
      if (at[a] % factor[a] != 0) return;  // an inner face
      const auto above = std::size_t(fine.grid.index(i, j, k));
      const auto below = above - std::size_t(fine.grid.stride[a]);
      const double g = fine.g[a][above];
      if (g > 0) coarse.g[a][parent(i, j, k)] += 1 / (1 / g + inner[below] + inner[above]);
    });
  }
  exchange(coarse);
  return coarse;
}

Operator gather(const Operator& divided) {
  Operator whole;
  whole.comm = Comm(MPI_COMM_SELF);
  whole.global = divided.global;
  whole.grid =
      BlockGrid(divided.grid.dim, {std::int32_t(divided.global[0]), std::int32_t(divided.global[1]),
                                   std::int32_t(divided.global[2])});
  for (std::size_t a = 0; a < std::size_t(whole.grid.dim); ++a) {
    // A periodic axis is one where the first block has a neighbour below.
    const bool wraps = divided.comm.any(divided.begin[a] == 0 && divided.neighbour[a][0] >= 0);
    whole.neighbour[a] = wraps ? std::array<int, 2>{0, 0} : std::array<int, 2>{-1, -1};
  }
  carry(divided, whole);
  return whole;
}

Operator regroup(const Operator& divided, const std::array<int, 3>& factor) {
  Operator moved;
  moved.comm = divided.comm;
  moved.neighbour = divided.neighbour;
  moved.global = divided.global;
  const Region r = evened(divided, factor);
  moved.begin = r.begin;
  moved.grid = BlockGrid(divided.grid.dim, r.size());
  carry(divided, moved);
  return moved;
}

}  // namespace otto::multigrid
