#pragma once
// The diffusion (mobility) D of [diffusion], a number or a tensor, of x, t and the region:
//
//   d_t rho = div(D rho grad mu),   mu = U'(rho) + V.
//
// With an entropy this is div(D (kT grad rho + rho grad V)): kT D diffuses, and the Gibbs state does
// not depend on D. It is the law of dX = -D grad V dt + sqrt(2 kT D) dW with the noise of Klimontovich
// (h = 0). Where that equation was meant as Ito's (h = 1) or Stratonovich's (h = 1/2), the density
// has the further velocity -h kT div D, of components -h kT d_i D_i for diagonal D:
//
//   div(D (kT grad rho + rho grad V)) + h kT div(rho div D).
//
// For a number D this is -D grad(h kT log D): V is replaced by V + h kT log D, and the equilibrium is
// exp(-V/kT) / D^h. The same holds where every D_i depends on x_i alone, with sum_i h kT log D_i. In
// all other cases it is a drift.

#include <Eigen/Core>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/energy/function.h"
#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// d x d, d the dimension of the mesh; never more than 3 x 3, and never on the heap.
using Tensor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, 3, 3>;

/// What a diffusion asks of a flux.
enum class DiffusionKind {
  scalar,    ///< a number
  diagonal,  ///< a tensor without entries off the diagonal
  full       ///< any other
};

/// D of one part of the mesh: one expression for a number, or d x d, row by row.
struct DiffusionLaw {
  std::vector<Function> entry;
  [[nodiscard]] bool scalar() const { return entry.size() == 1; }
  /// The entry on the diagonal for an axis.
  [[nodiscard]] const Function& along(std::size_t axis, int dimension) const {
    return scalar() ? entry[0] : entry[axis * (std::size_t(dimension) + 1)];
  }
};

struct Diffusion {
  int dimension = 1;
  DiffusionLaw everywhere;           ///< but in the regions that have their own
  std::vector<DiffusionLaw> region;  ///< by label of Mesh::region_names; may be empty
  DiffusionKind kind = DiffusionKind::scalar;
  double noise = 0;          ///< h: 0 Klimontovich, 1/2 Stratonovich, 1 Ito
  std::string place;         ///< where it was written, for messages
  std::string letter = "D";  ///< what messages call it

  [[nodiscard]] const DiffusionLaw& of(std::int32_t label) const {
    return label < 0 || region.empty() ? everywhere : region[std::size_t(label)];
  }
  [[nodiscard]] bool depends_on_time() const;
  /// The velocity that Ito's or Stratonovich's noise implies is not that of an energy.
  [[nodiscard]] bool drives() const;
  /// The tensor at each point of a part of the mesh of that label. Throws InputError where one is not symmetric
  /// and positive definite.
  [[nodiscard]] std::vector<Tensor> tensors(std::span<const Point> points,
                                            std::span<const std::int32_t> labels, double t) const;
};

/// 1 everywhere.
Diffusion identity_diffusion(const Mesh& mesh);

/// Of a [diffusion] table and its [[diffusion.region]], times `factor`; 1 without them. Throws InputError where a
/// tensor is of the wrong size, a constant one not symmetric or not positive definite, or a region unknown.
Diffusion read_diffusion(const Section& whole, std::span<const Section> regions, const Mesh& mesh,
                         double factor = 1);

/// The energy that Ito's or Stratonovich's noise adds to V; null where there is none.
std::unique_ptr<ExternalEnergy> noise_energy(const Diffusion& diffusion, double kT);

/// What the convention changes, in words for the log; nothing for Klimontovich's.
std::optional<std::string> words_of_noise(const Diffusion& diffusion);

}  // namespace otto
