#pragma once
// div(rho Lambda grad mu) from whole gradients. In a simplex e of cells 0 ... m with edges e_i
// (mesh/simplices.h) the gradient g has E g = (mu_i - mu_0)_i, E the rows e_i, and
//
//   |g|^2_Lambda w_e = sum_{i<j} s_ij (mu_i - mu_j)^2,    S = w_e (E Lambda^-1 E^T)^-1,
//   s_ij = -S_ij,   s_0i = sum_j S_ij.
//
// Where m < d this is the least |g|^2_Lambda of all such g: no flux across the missing axes, which
// is what a wall is. With rho_e the mean of the densities of the cells of e,
//
//   F_ij = rho_e s_ij (mu_i - mu_j)              flows from i to j,
//   D    = sum_e rho_e sum_{i<j} s_ij (mu_i - mu_j)^2 = sum_e rho_e w_e |g|^2_Lambda >= 0.
//
// s_ij may be negative; D and the sum of all s in a simplex are not. Mass is exact, constant mu is
// at rest, for any positive rho_e. (Cances, Guichard 2016, with the mean for their upwinding.)

#include <array>
#include <span>
#include <vector>

#include "otto/operators/diffusion.h"

namespace otto {

class SimplexFlux {
 public:
  /// A simplex, its cells, and s of its pairs (0,1) (0,2) (1,2) (0,3) (1,3) (2,3).
  struct Group {
    std::int32_t cells = 0;  ///< m + 1
    std::array<std::int32_t, 4> cell{};
    std::array<double, 6> s{};
  };
  struct Sums {
    double dissipation = 0;  ///< D
    double gross = 0;  ///< sum of rho_e |s_ij| (size_i + size_j), whose rounding the flows have
  };

  /// Keeps a reference to the mesh, which is a box or one with Mesh::simplices.
  SimplexFlux(const Mesh& mesh, const Diffusion& diffusion);

  [[nodiscard]] const Mesh& mesh() const { return mesh_; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

  /// out = what flows out of each owned cell, mass per time. All fields: owned + ghosts, ghosts up
  /// to date but for `out`, whose ghosts hold no meaning afterwards. `size`: of the terms of mu.
  /// Collective.
  Sums outflow(std::span<const double> rho, std::span<const double> mu,
               std::span<const double> size, std::span<double> out) const;

 private:
  const Mesh& mesh_;
  std::vector<Group> groups_;
};

/// Calls visit(i, j, s_ij) for the pairs of a group.
template <class Visit>
void for_each_pair(const SimplexFlux::Group& g, Visit&& visit) {
  std::size_t at = 0;
  for (std::size_t j = 1; j < std::size_t(g.cells); ++j) {
    for (std::size_t i = 0; i < j; ++i) visit(i, j, g.s[at++]);
  }
}

/// The mean of a field over the cells of a group.
inline double mean_over(const SimplexFlux::Group& g, std::span<const double> field) {
  double sum = 0;
  for (std::size_t i = 0; i < std::size_t(g.cells); ++i) sum += field[std::size_t(g.cell[i])];
  return sum / g.cells;
}

}  // namespace otto
