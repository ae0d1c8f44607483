#pragma once
// The tensor Lambda of [diffusion]:
//
//   d_t rho = div(rho Lambda grad mu),   mu = U'(rho) + V,
//
// symmetric and positive definite, constant or by region of the mesh. With an entropy this is
// div(Lambda (kT grad rho + rho grad V)): kT Lambda diffuses, and Gibbs states do not depend on it.

#include <Eigen/Core>
#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// d x d, d the dimension of the mesh; never more than 3 x 3, and never on the heap.
using Tensor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, 3, 3>;

struct Diffusion {
  Tensor everywhere;           ///< but in the regions that have their own
  std::vector<Tensor> region;  ///< by label of Mesh::region_names
  [[nodiscard]] const Tensor& of(std::int32_t r) const {
    return r < 0 || region.empty() ? everywhere : region[std::size_t(r)];
  }
};

/// The identity everywhere.
Diffusion identity_diffusion(const Mesh& mesh);

/// Of a [diffusion] table and its [[diffusion.region]]; the identity without them. Throws InputError where a
/// tensor is of the wrong size, not symmetric or not positive definite, or a region unknown.
Diffusion read_diffusion(const Section& whole, std::span<const Section> regions, const Mesh& mesh);

}  // namespace otto
