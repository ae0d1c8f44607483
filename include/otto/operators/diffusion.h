#pragma once
// The tensor Lambda of [diffusion]:
//
//   d_t rho = div(rho Lambda grad mu),   mu = U'(rho) + V,
//
// symmetric and positive definite, constant or by region of the mesh. With an entropy this is
// div(Lambda (kT grad rho + rho grad V)): kT Lambda diffuses, and Gibbs states do not depend on it.

#include <Eigen/Core>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// d x d, d the dimension of the mesh; never more than 3 x 3, and never on the heap.
using Tensor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor, 3, 3>;

struct Diffusion {
  Tensor everywhere;           ///< but in the regions that have their own
  std::vector<Tensor> region;  ///< by index into Mesh::region_names
  [[nodiscard]] const Tensor& of(std::int32_t r) const {
    return r < 0 || region.empty() ? everywhere : region[std::size_t(r)];
  }
};

/// Reads [diffusion] and [[diffusion.region]]; the identity without them. Throws InputError where a
/// tensor is of the wrong size, not symmetric or not positive definite, or a region unknown.
Diffusion read_diffusion(const Case& c, const Mesh& mesh);

/// Throws InputError where the case asks for something its flux cannot carry: a tensor with
/// two-point fluxes, these on a mesh without faces, or what needs rates between two cells (drift,
/// absorbing sides, `[analysis]`) with `flux.kind = "simplex"`.
void check_flux(const Case& c, const Mesh& mesh);
/// The same where nothing but a two-point flux will do, for what `use` names.
void check_two_point(const Case& c, const Mesh& mesh, const std::string& use);

}  // namespace otto
