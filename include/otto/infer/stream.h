#pragma once
// Drifts without divergence on boxes of two axes,
//
//   b = curl psi,   psi = sum_i c_i sin(m pi x / L_x) sin(n pi y / L_y),   1 <= m, n <= M,
//
// by differences of psi along faces, so that the discrete b has no divergence either; psi = 0 on the walls. Their
// prior is one like V's: int |Hess psi|^2 = sum_i bending_i c_i^2.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class Streams {
 public:
  /// M sines along each axis.
  Streams(const Mesh& mesh, int M);

  [[nodiscard]] std::size_t size() const { return rises_.size(); }
  /// -b.(x_L - x_K) of the i-th, per face.
  [[nodiscard]] const std::vector<double>& rise(std::size_t i) const { return rises_[i]; }
  /// int |Hess psi|^2 of the i-th.
  [[nodiscard]] double bending(std::size_t i) const { return bending_[i]; }
  /// sum_i c_i rise_i.
  [[nodiscard]] std::vector<double> rise_of(std::span<const double> c) const;
  /// out_i = sum over all faces of rise_i y; `y`: the same on both ranks of a face. Collective.
  void pull_back(std::span<const double> y, std::span<double> out) const;

 private:
  const Mesh& mesh_;
  std::vector<std::vector<double>> rises_;
  std::vector<double> bending_;
};

}  // namespace otto
