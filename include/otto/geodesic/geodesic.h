#pragma once
// W2 and the geodesic between two densities on a box of equal cells, by the dynamic formulation of
// Benamou and Brenier with N intervals of time, with lower and upper bounds of the discrete value:
//
//     W2^2 = min sum_k dt sum_faces m^2 / rho,   (rho_{k+1} - rho_k)/dt + div m_{k+1/2} = 0,
//
// rho on a face in an interval being the mean of its two cells at both times. docs/distance.md.

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// How finely and how far the iteration goes.
struct GeodesicOptions {
  int intervals = 32;         ///< N >= 2
  double tolerance = 2e-3;    ///< on upper - lower over upper, of W2^2; > 0
  int max_iterations = 5000;  ///< >= 1
  /// The bounds are those of the problem on these cells. The mass of a cell may lie anywhere in it,
  /// so W2 of the densities behind it differs by up to a cell's diagonal; where that is more than
  /// this share of W2 it is said.
  double coarse = 0.1;
};

/// W2^2 of densities of mass 1 is a length squared; of mass M it is M times that of rho/M.
struct GeodesicReport {
  double squared = 0;      ///< W2^2, between the bounds
  double lower = 0;        ///< bound of the discrete W2^2
  double upper = 0;        ///< the other one; infinity before there is one
  int iterations = 0;      ///< so far
  bool converged = false;  ///< the bounds are within the tolerance
  [[nodiscard]] double gap() const { return upper - lower; }  ///< between the bounds
};

/// The geodesic from a to b.
class Geodesic {
 public:
  /// Owned values of two densities >= 0 with the same positive mass, on a box of equal cells. Keeps
  /// a reference to `mesh`. Collective.
  Geodesic(const Mesh& mesh, std::span<const double> a, std::span<const double> b,
           const GeodesicOptions& options);
  ~Geodesic();
  Geodesic(const Geodesic&) = delete;
  Geodesic& operator=(const Geodesic&) = delete;

  /// Called now and then with the state so far; false stops. Every rank must say the same.
  using Watch = std::function<bool(const GeodesicReport&)>;
  /// Iterates until the bounds meet, or as often as allowed. Collective.
  GeodesicReport solve(const Watch& watch = {});
  /// Owned values at time k/N, non-negative and of the mass of the ends. Collective.
  [[nodiscard]] std::vector<double> density(int k) const;
  /// At t = 1/2: one level, or the mean of the two nearest where N is odd. Collective.
  [[nodiscard]] std::vector<double> midpoint() const;
  /// Derivatives of W2^2 in the masses of a's cells and in those of b's, owned values, each up to a
  /// constant, after solve():
  ///
  ///     -2 (phi_{1/2} + dt/4 E_{1/2}),     2 (phi_{N-1/2} - dt/4 E_{N-1/2}),
  ///
  /// for a maximum moves with what it is linear in as if its argument stood still. Collective.
  [[nodiscard]] std::array<std::vector<double>, 2> slopes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
