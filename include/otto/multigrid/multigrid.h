#pragma once
// A V-cycle for (diag(sigma omega) + c L) u = r on a box block, L the weighted graph Laplacian of
// the conductances: the preconditioner of the Fokker-Planck solves. Matrix-free on every level,
// distributed on the fine ones, repeated on every rank on the coarse ones.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "otto/multigrid/coarsen.h"

namespace otto::multigrid {

struct HierarchyOptions {
  /// Levels of at most this many cells are repeated on every rank: sweeping them takes less time than
  /// a message.
  std::int64_t gather_cells = 4096;
  /// The finest level may be among them. Not where it is matrix-free and the others are not: its
  /// operator would be rounded otherwise than on one rank.
  bool gather_finest = true;
  CoarseningOptions coarsening = {};
};

/// Levels of at most this many cells are solved by a dense factorisation: 80^2 entries are read as
/// fast as the levels below would be swept.
inline constexpr std::int64_t direct_cells = 80;

/// The operators of all levels, finest first; made once per set of rates.
struct Hierarchy {
  explicit Hierarchy(Operator finest, const HierarchyOptions& options = {});

  enum class Next { coarsen, regroup, none };  ///< regroup: the same level in other blocks
  struct Level {
    Operator op;
    Next next = Next::none;
    std::array<int, 3> factor{1, 1, 1};  ///< towards the next level
  };
  std::vector<Level> levels;
};

/// Damping of the Jacobi sweeps before the coarse grid; after it they come in reverse. Piecewise
/// constant interpolation of a smooth u leaves errors that alternate from cell to cell along some
/// of the axes; for those that alternate along k of d axes, D^-1 A has the eigenvalue 2 k / d. So
/// the roots 1/w of the smoother stand near these d values.
inline constexpr std::size_t sweeps = 3;
std::array<double, sweeps> damping(int dimension);

/// In place of a solve on a last level that is too large for one: rounds of sweeps and as many in
/// reverse, which together are symmetric. Four each, since no coarser level does the rest.
template <std::size_t count, class Smooth>
void smooth_last(const std::array<double, count>& w, Smooth&& smooth, int rounds = 4) {
  for (int round = 0; round < rounds; ++round) {
    for (const double damped : w) smooth(damped);
  }
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t s = count; s-- > 0;) smooth(w[s]);
  }
}

/// The cycle in single or double precision.
class Cycle {
 public:
  virtual ~Cycle() = default;
  /// Sets c > 0 and the weights sigma of the finest owned cells (x fastest; empty: all 1).
  virtual void set(double c, std::span<const double> sigma) = 0;
  /// z = B r on owned cells (no halo, x fastest); B is symmetric positive definite. `scale` is the
  /// size of r, so that single precision neither overflows nor vanishes. Collective.
  virtual void apply(const double* r, double scale, double* z) = 0;
};

/// Keeps a reference to the hierarchy.
std::unique_ptr<Cycle> make_cycle(const Hierarchy& hierarchy, bool single_precision);

}  // namespace otto::multigrid
