#pragma once
// A network on a mesh: with U_i = U_theta(x_i) at the cell centres,
//
//   p_i = vol_i exp(-U_i) / Z,      Z = sum_j vol_j exp(-U_j),
//
// so that every quantity the literature samples is a finite sum.

#include <span>
#include <vector>

#include "otto/learn/cell_blocks.h"
#include "otto/mesh/mesh.h"
#include "otto/network/network.h"

namespace otto {

/// How far p is from q (masses): sum q log(q/p), sum p log(p/q), 1/2 sum |p - q|. In the second a q
/// below 1e-300 counts as that.
struct Divergences {
  double kl = 0, reverse_kl = 0, tv = 0;
};

class GridModel {
 public:
  /// Keeps references. update() before anything else. Collective.
  GridModel(const Mesh& mesh, const Network& network);

  /// Evaluates U at the present theta. Collective; throws NumericalError where U is not
  /// finite.
  void update();
  /// Takes given values of U at the owned cells instead.
  void set(std::vector<double> U);

  [[nodiscard]] const Mesh& mesh() const { return mesh_; }
  [[nodiscard]] const CellBlocks& blocks() const { return blocks_; }
  /// Owned cells.
  [[nodiscard]] const std::vector<double>& energy() const { return U_; }
  [[nodiscard]] const std::vector<double>& mass() const { return p_; }  ///< sum 1
  [[nodiscard]] double log_z() const { return log_z_; }
  /// sum q log(q/p), +inf never: p is not rounded to 0 here. Collective.
  [[nodiscard]] double kl(std::span<const double> q) const;
  [[nodiscard]] Divergences divergences(std::span<const double> q) const;

 private:
  [[nodiscard]] double log_mass(std::size_t i) const;
  const Mesh& mesh_;
  const Network& network_;
  CellBlocks blocks_;
  std::vector<double> log_volume_, U_, p_;
  double log_z_ = 0;
};

}  // namespace otto
