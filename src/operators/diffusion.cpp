#include "otto/operators/diffusion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Dense>
#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/flux/two_point.h"
#include "otto/mesh/region.h"

namespace otto {

namespace {

const Declare keys{
    {{"diffusion",
      "The tensor with which the density moves; the identity if not said. It needs "
      "`flux.kind = \"simplex\"`."},
     {.path = "diffusion.region", .doc = "Its value in a region of the mesh.", .repeated = true}},
    {{.path = "diffusion.tensor",
      .type = Type::matrix,
      .doc = "Symmetric and positive definite, one row per axis. What diffuses is kT times it.",
      .equation = "d_t rho = div(rho tensor grad mu), mu = U'(rho) + V"},
     {.path = "diffusion.region.name",
      .type = Type::text,
      .doc = "Physical name of the region.",
      .required = true},
     {.path = "diffusion.region.tensor",
      .type = Type::matrix,
      .doc = "As `diffusion.tensor`, in that region.",
      .required = true}},
    {{"flux.kind", flux_on_simplices,
      "Whole gradients from groups of d + 1 cells: consistent for any tensor and on meshes that "
      "are "
      "orthogonal to nothing. Positive, dissipative, Gibbs states at rest.",
      "F_ij = rho_e s_ij (mu_i - mu_j), mu = U'(rho) + V, rho_e the mean of the group"}}};

Tensor read_tensor(const Section& section, int d) {
  const auto rows = section.matrix("tensor");
  const bool square = rows.size() == std::size_t(d) && std::ranges::all_of(rows, [&](auto& row) {
                        return row.size() == std::size_t(d);
                      });
  if (!square) {
    section.fail("tensor", fmt::format("the mesh has {0} dimension{1}, so {0} row{1} of {0} "
                                       "number{1} {2} needed",
                                       d, d == 1 ? "" : "s", d == 1 ? "is" : "are"));
  }
  Tensor T(d, d);
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) T(i, j) = rows[std::size_t(i)][std::size_t(j)];
  }
  if (!(T - T.transpose()).isZero(1e-14 * T.cwiseAbs().maxCoeff())) {
    section.fail("tensor", "must be symmetric: equal numbers on both sides of the diagonal");
  }
  const Eigen::SelfAdjointEigenSolver<Tensor> eigen(T);
  const double least = eigen.eigenvalues()(0), most = eigen.eigenvalues()(d - 1);
  if (!(least > 1e-14 * most)) {
    section.fail("tensor", fmt::format("must be positive definite; its eigenvalues are {:.6g}",
                                       fmt::join(eigen.eigenvalues(), ", ")));
  }
  return T;
}

[[noreturn]] void refuse(const Section& section, const std::string& key, const std::string& what,
                         const char* flux = flux_on_simplices) {
  section.fail(key,
               fmt::format("{} needs rates between two cells, which flux.kind = \"{}\" does not "
                           "have; remove it, or take another flux",
                           what, flux));
}

/// What flux.kind = "fourth_order" (operators/fourth_order.h) cannot do.
void check_fourth_order(const Case& c, const Mesh& mesh) {
  if (!mesh.box || std::ranges::any_of(mesh.box->uniform, [](bool equal) { return !equal; })) {
    c.section("flux").fail(
        "kind",
        "fluxes of fourth order need a box of equal cells; remove the grading or "
        "the nodes of the mesh, or take another flux");
  }
  if (const Section sides = c.section("boundary"); !sides.texts("absorbing").empty()) {
    refuse(sides, "absorbing", "an absorbing side", flux_of_fourth_order);
  }
  if (const Section analysis = c.section("analysis"); analysis.present()) {
    refuse(analysis, "", "this analysis", flux_of_fourth_order);
  }
}

}  // namespace

Diffusion read_diffusion(const Case& c, const Mesh& mesh) {
  const Section whole = c.section("diffusion");
  Diffusion diffusion{.everywhere = Tensor::Identity(mesh.dimension, mesh.dimension), .region = {}};
  if (whole.given("tensor")) diffusion.everywhere = read_tensor(whole, mesh.dimension);
  const auto sections = c.sections("diffusion.region");
  if (sections.empty()) return diffusion;
  diffusion.region.assign(mesh.region_names.size(), diffusion.everywhere);
  for (const Section& section : sections) {
    diffusion.region[std::size_t(read_region(section, mesh, "name"))] =
        read_tensor(section, mesh.dimension);
  }
  return diffusion;
}

void check_flux(const Case& c, const Mesh& mesh) {
  const Section flux = c.section("flux"), tensor = c.section("diffusion");
  const bool whole = flux.text("kind") == flux_on_simplices;
  if (flux.text("kind") == flux_of_fourth_order) check_fourth_order(c, mesh);
  if (!whole) {
    if (tensor.present()) {
      tensor.fail("", "two-point fluxes carry no tensor; take flux.kind = \"simplex\"");
    }
    if (mesh.simplices) {
      c.section("mesh").fail("control_volumes",
                             "cells bounded by medians have no faces that two-point fluxes could "
                             "go through; take flux.kind = \"simplex\"");
    }
    return;
  }
  if (!mesh.box && !mesh.simplices) {
    c.section("mesh").fail("control_volumes",
                           "with flux.kind = \"simplex\" the cells of a Gmsh mesh are bounded by "
                           "medians; write control_volumes = \"medians\"");
  }
  if (const Section drift = c.section("drift"); drift.present()) {
    refuse(drift, "expression", "a drift");
  }
  if (const Section sides = c.section("boundary"); !sides.texts("absorbing").empty()) {
    refuse(sides, "absorbing", "an absorbing side");
  }
  if (const Section analysis = c.section("analysis"); analysis.present()) {
    refuse(analysis, "", "this analysis");
  }
}

void check_two_point(const Case& c, const Mesh& mesh, const std::string& use) {
  check_flux(c, mesh);
  const Section flux = c.section("flux");
  for (const char* other : {flux_on_simplices, flux_of_fourth_order}) {
    if (flux.text("kind") == other) refuse(flux, "kind", use, other);
  }
}

}  // namespace otto
