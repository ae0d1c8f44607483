#pragma once
// A density from samples, with n_j of them in cell j of a box, N in all: every sample is spread by a normal of standard
// deviation h_a along axis a from the centre of its cell, folded at walls and wrapped around periods,
//
//   (1)  q_i = 1/N sum_j B_ij n_j,   B = B_1 x ... x B_d,   B_a(i, j) = share of N(c_j, h_a^2) in interval i of axis a.
//
// The best h makes every sample likeliest under the normals of the others and a uniform share e of the box,
//
//   (2)  L(h) = 1/N sum_i n_i log((1 - e) (N q_i - B_ii) / ((N - 1) |cell i|) + e / |box|),   e = 1/N,
//
// without which one sample far from all others, log-likelihood about -(distance / h)^2 / 2, would decide on h for the rest.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "otto/mesh/box.h"

namespace otto {

using Widths = std::array<double, 3>;  ///< h along every axis; 0: not spread

class SampleDensity {
 public:
  /// Every rank counts all samples on the whole box.
  explicit SampleDensity(const Box& box);

  /// A sample inside the box.
  void add(std::span<const double> x);
  /// Maximises (2) from Silverman's rule on: first by a common factor, then along every axis, then
  /// by a common factor again. 0 for fewer than two samples.
  [[nodiscard]] Widths best_widths() const;
  /// (1) for all cells of the box, by global number.
  [[nodiscard]] std::vector<double> masses(const Widths& h) const;
  /// (2); of two samples and more.
  [[nodiscard]] double likelihood(const Widths& h) const;

 private:
  [[nodiscard]] Widths deviations() const;
  [[nodiscard]] bool fills(const Widths& h) const;
  [[nodiscard]] Widths climb(const Widths& h, std::array<bool, 3> axes, double ratio) const;

  BoxBlock whole_;
  std::vector<double> counts_, sizes_;
  double samples_ = 0;
};

}  // namespace otto
