#pragma once
// The prior R = G^T G on the cells of any mesh: with x_L the points of the cells around a cell K, the polynomial of
// second degree through V_K that comes nearest to them,
//
//   min over g, Q of  sum_L |x_L - x_K|^-4 (V_L - V_K - g.(x_L - x_K) - 1/2 (x_L - x_K).Q (x_L - x_K))^2,
//
// gives Q, linear in V. Rows of G: Q_aa, and sqrt(2) Q_ab of each pair a < b, times the root of K's volume. The cells around
// K are its neighbours and, where these do not determine Q well, theirs as well (triangles have three). Exact for
// polynomials of second degree; nothing is asked of V beyond a wall.

#include "otto/infer/bending_prior.h"

namespace otto {

struct ScatteredPlateOptions {
  int max_rings = 4;  ///< of neighbours
  double determined =
      0.05;  ///< smallest singular value over the largest, of coordinates in units of the stencil's size
};

class ScatteredPlate final : public BendingPrior {
 public:
  /// Throws InputError where a cell has too few others around it. Collective.
  explicit ScatteredPlate(const Mesh& mesh, const ScatteredPlateOptions& options = {});
  ~ScatteredPlate() override;

  void apply(std::span<const double> V, std::span<double> out) const override;
  void random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const override;
  [[nodiscard]] double energy(std::span<const double> V) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
