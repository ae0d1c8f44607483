#pragma once
// The hierarchy of symmetric two-point operators under a box block, in double precision.
//
// On every level the operator is   (A u)_K = sigma_K omega_K u_K + c sum_L g_KL (u_K - u_L),
// with the Gibbs mass omega_K = vol_K pi_K of a cell and conductances g of faces. Cells are joined
// in pairs along the coarsened axes. An aggregate is in local equilibrium (u constant on it), so
// its Gibbs mass is the sum; between two aggregates the paths run in parallel, each a series of
// resistances: that of the face between them and, inside either aggregate, that of its inner face
// weighted by the share theta of the aggregate's mass that lies beyond it,
//
//     1/g_path = 1/g_face + theta_left / g_left + theta_right / g_right,    g_coarse = sum g_path.
//
// Equal cells give the conductances of the coarser grid; a steep external energy, where the mass
// sits on one side of each pair, gives those of the upwind limit.

#include <array>
#include <memory>
#include <vector>

#include "otto/multigrid/block_grid.h"

namespace otto::multigrid {

struct Operator {
  BlockGrid grid;
  Comm comm;  ///< of the ranks that share this level
  Neighbours neighbour{};
  std::array<std::int64_t, 3> begin{};  ///< first cell of the block in the level's global grid
  std::array<std::int64_t, 3> global{1, 1, 1};  ///< cells of the level over all blocks
  std::vector<double> omega;                    ///< with halo; 0 beyond walls
  std::array<std::vector<double>, 3> g;  ///< conductance of the lower face of each cell, with halo
};

struct CoarseningOptions {
  /// Axes whose couplings are weaker than this share of the strongest are not coarsened: point
  /// smoothing across the strong axes leaves nothing for a coarse grid along a weak one to do.
  double weak_axis = 0.35;
};

/// Axes to coarsen next: those whose couplings are not much weaker than the strongest (so cells
/// stretched 1:20 are first joined across their short side) and at least 2 cells long. Empty (all 1)
/// where nothing can be coarsened. The same for every partition. Collective.
std::array<int, 3> coarsening_factors(const Operator& fine, const CoarseningOptions& options);

/// What has to be done before cells are joined, so that no aggregate lies on two ranks: nothing, or
/// block ends move down to whole aggregates (regroup), or, where that would leave a rank without
/// cells, the level is gathered. Collective.
enum class Fit { coarsen, regroup, gather };
Fit fit(const Operator& fine, const std::array<int, 3>& factor);

/// Joins `factor[a]` (1 or 2) cells along each axis. Collective.
Operator coarsen(const Operator& fine, const std::array<int, 3>& factor);

/// The same level on every rank as one undivided block (communicator MPI_COMM_SELF). Collective.
Operator gather(const Operator& divided);

/// The same level in blocks that begin at multiples of `factor`. Collective.
Operator regroup(const Operator& divided, const std::array<int, 3>& factor);

/// visit(i, j, k) for the cells of a block, x fastest.
template <class Visit>
void for_each(const std::array<std::int32_t, 3>& n, Visit&& visit) {
  for (std::int32_t k = 0; k < n[2]; ++k) {
    for (std::int32_t j = 0; j < n[1]; ++j) {
      for (std::int32_t i = 0; i < n[0]; ++i) visit(i, j, k);
    }
  }
}

}  // namespace otto::multigrid
