#pragma once
// The prior of W: int W''^2 dr = w.B w for the spline through w with W(r_n) = 0, B = U^T U. It has no null
// space: W'(0) = 0.

#include <cstdint>
#include <span>
#include <vector>

#include "otto/energy/radial_spline.h"

namespace otto {

class PairPrior {
 public:
  explicit PairPrior(const RadialSpline& spline);

  [[nodiscard]] std::size_t size() const { return n_; }  ///< values but the last
  /// out = B w.
  void apply(std::span<const double> w, std::span<double> out) const;
  [[nodiscard]] double energy(std::span<const double> w) const;
  /// out = U^T eta.
  void root(std::span<const double> eta, std::span<double> out) const;
  /// The same, eta standard normal numbers of (seed, draw).
  void random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const;

 private:
  std::size_t n_;
  std::vector<double> B_, Ut_;  ///< row by row
};

}  // namespace otto
