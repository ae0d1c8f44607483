#pragma once
// The prior R = G^T G on the cells of a box, V.R V = int |Hess V|^2 by differences:
//
//   rows of G    second differences along each axis, and sqrt(2) times mixed ones of each pair, each
//                where all its cells exist (natural conditions at walls), times the root of a volume.
//
// Null space: 1 and the linear functions (periodic axes: 1). A product of Neumann Laplacians in its
// place would penalise V' at walls.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "otto/infer/bending_prior.h"

namespace otto {

class ThinPlate final : public BendingPrior {
 public:
  /// Keeps a reference to the mesh, a box. Collective.
  explicit ThinPlate(const Mesh& mesh);

  void apply(std::span<const double> V, std::span<double> out) const override;
  void random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const override;
  [[nodiscard]] double energy(std::span<const double> V) const override;

 private:
  using Rows = std::vector<double>;                                       // of the owned cells
  [[nodiscard]] std::vector<Rows> rows(std::span<const double> V) const;  // G V, one per kind
  void transpose(std::vector<Rows> rows, std::span<double> out) const;    // out = G^T rows

  struct Second {
    std::array<double, 3> weight;  // of the cell below, the cell, the cell above
  };
  const Mesh& mesh_;
  std::vector<std::array<std::array<std::int32_t, 2>, 3>> next_;  // of owned cells, -1: none
  std::vector<std::array<double, 3>> gap_;                        // to the cell above
  std::vector<std::array<Second, 3>> second_;                     // of owned cells, 0 at walls
};

}  // namespace otto
