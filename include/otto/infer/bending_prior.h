#pragma once
// A prior R = G^T G of V on the cells, V.R V ~ int |Hess V|^2, that knows nothing of linear functions.

#include <cstdint>
#include <memory>
#include <span>

#include "otto/mesh/mesh.h"

namespace otto {

class BendingPrior {
 public:
  virtual ~BendingPrior() = default;
  /// out = R V; owned values. Collective.
  virtual void apply(std::span<const double> V, std::span<double> out) const = 0;
  /// out = G^T eta, eta standard normal numbers of (seed, draw), the same on any number of ranks. Collective.
  virtual void random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const = 0;
  /// V.R V. Collective.
  [[nodiscard]] virtual double energy(std::span<const double> V) const = 0;
};

/// ThinPlate on boxes, ScatteredPlate on other meshes. Keeps a reference. Collective; throws InputError.
std::unique_ptr<BendingPrior> make_bending_prior(const Mesh& mesh);

}  // namespace otto
