#pragma once
// What makes the centred flux one of fourth order, on boxes of equal cells. Densities are averages
// over cells, fluxes averages over faces. With D_a, G_a the differences of a cell field along axis
// a,
//
//   (D_a u)_K = u_{K+} - 2 u_K + u_{K-},     (G_a u)_K = (u_{K+} - u_{K-}) / 2,
//
// the average over the face K|L across axis a, of area A, of -kT d_a rho + B rho, B = -d_a V + b_a,
// is
//
//   F = A / h { -kT [rho_L - rho_K - (D_a rho_L - D_a rho_K) / 12]
//               + beta [(rho_K + rho_L) / 2 - (D_a rho_K + D_a rho_L) / 12]
//               + sum_t gamma_t (G_t rho_K + G_t rho_L) / 24 } + O(h^4),
//
// t the other axes. beta is h times the average of B over the face, gamma_t = h h_t d_t B, the last
// sum what the average of a product has beyond the product of averages. From V at the centres
//
//   beta = -(V_L - V_K) + [(D_a - sum_t D_t) V_L - (D_a - sum_t D_t) V_K] / 24,
//   gamma_t = -(G_t V_L - G_t V_K),
//
// and from b at the Gauss points of two per axis of the face. (P. McCorquodale, P. Colella, Commun.
// Appl. Math. Comput. Sci. 6 (2011) 1, for such fluxes.) At faces with a wall within two cells
// along a, and for differences along t in the cells of a wall, what is missing is left out: second
// order there, third in all where the density does not vanish at walls. No sign is kept.
//
// For linear B and as long as nothing reaches the walls the mean m and the covariance of the
// density, C = sum vol rho (x - m)(x - m)^T - h^2/12, obey their differential equations exactly:
// D_a and the weights 7/12, -1/12 make sum x^2 over faces what it is over cells.

#include <array>
#include <span>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

class FourthOrder {
 public:
  /// Keeps references. The mesh is a box of equal cells; `drift` may be null.
  FourthOrder(const Mesh& mesh, double kT, const Drift* drift);

  /// beta and gamma for V (owned + ghosts) and the drift at time t. Collective.
  void set(std::span<const double> V, double t);
  /// F less the centred two-point flux, per face, counted from left to right. `rho`: owned +
  /// ghosts, ghosts up to date. Collective.
  void fluxes(std::span<const double> rho, std::span<double> F) const;

 private:
  struct Neighbours {
    std::vector<std::int32_t> below, above;  ///< of the owned cells; -1: a wall
  };
  enum class Difference { first, second };
  void difference(Difference kind, std::size_t axis, std::span<const double> u,
                  std::vector<double>& out) const;
  using Fields = std::array<std::vector<double>, 3>;  ///< by axis
  /// Sets D_; G_ where there is more than one axis. Collective.
  void take_differences(std::span<const double> u) const;
  void add_external(std::span<const double> V);
  void add_drift(double t);

  const Mesh& mesh_;
  double kT_;
  const Drift* drift_;
  std::size_t d_;
  std::array<Neighbours, 3> next_;
  std::array<std::size_t, 4> first_{};  ///< face of each axis, and the end
  std::array<double, 3> h_{};
  std::vector<double> inside_;                ///< per face: 1, or 0 next to a wall
  std::vector<double> beta_, excess_;         ///< beta, and beta less that of the centred flux
  std::array<std::vector<double>, 3> gamma_;  ///< by t, / 24
  mutable Fields D_, G_;                      ///< scratch: D u and G u of the last field u
};

/// The midpoint of a face's two centres. Both copies of a periodic face get the same point.
Point middle_of_face(const Mesh& mesh, std::int32_t left, std::int32_t right);

}  // namespace otto
