#pragma once
// A normal law g = N(m, L L^T), exactly normalised: the reference of particle energies, and the
// coordinates z = L^-1 (x - m) in which they move.

#include "otto/network/wide_network.h"
#include "otto/particles/rows.h"

namespace otto {

class Gaussian {
 public:
  /// Throws NumericalError where the covariance is not positive definite.
  Gaussian(Vector mean, const Rows& covariance);
  explicit Gaussian(const ReferenceBuffers& buffers);
  /// Mean and covariance of points (rows), plus noise^2 along every axis.
  static Gaussian fitted(const Rows& points, double noise);

  [[nodiscard]] int dimension() const { return int(mean_.size()); }
  [[nodiscard]] const Vector& mean() const { return mean_; }
  [[nodiscard]] const Rows& factor() const { return L_; }  ///< L
  [[nodiscard]] ReferenceBuffers buffers() const;

  /// x = m + L z and back, for rows.
  [[nodiscard]] Rows points(const Rows& z) const;
  [[nodiscard]] Rows whiten(const Rows& x) const;
  /// Slopes in z of slopes in x: L^T grad.
  [[nodiscard]] Rows slope_in_z(const Rows& slope) const;

  /// -log g at points whose whitened rows are z.
  [[nodiscard]] Vector energy_of_white(const Rows& z) const;
  [[nodiscard]] Vector energy(const Rows& x) const { return energy_of_white(whiten(x)); }
  /// -log g and its slope in x.
  void evaluate(const Rows& x, Vector& U, Rows& slope) const;
  [[nodiscard]] double entropy() const { return constant_ + 0.5 * double(dimension()); }

 private:
  void finish();
  Vector mean_;
  Rows L_, inverse_;     ///< L, L^-1
  double constant_ = 0;  ///< log det L + d/2 log 2 pi
};

/// |row|^2 of every row, summed in the order of its entries.
Vector row_squares(const Rows& x);

}  // namespace otto
