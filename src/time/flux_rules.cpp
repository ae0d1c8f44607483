#include "otto/time/flux_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/flux/two_point.h"
#include "otto/operators/diffusion.h"

namespace otto {

namespace {

Refusal no_rates(const std::string& flux, std::string table, std::string key,
                 const std::string& what) {
  return {
      std::move(table), std::move(key),
      fmt::format("{} needs rates between two cells{}, which flux.kind = \"{}\" does not have; "
                  "remove it, or take another flux",
                  what, flux == flux_with_limiter ? " that do not follow the density" : "", flux)};
}

std::optional<Refusal> refuse_fourth_order(const FluxTask& task, const Mesh& mesh) {
  if (!mesh.box || std::ranges::any_of(mesh.box->uniform, [](bool equal) { return !equal; })) {
    return Refusal{"flux", "kind",
                   "fluxes of fourth order need a box of equal cells; remove the grading or the "
                   "nodes of the mesh, or take another flux"};
  }
  if (task.absorbing) return no_rates(task.kind, "boundary", "absorbing", "an absorbing side");
  if (task.reaction) return no_rates(task.kind, "reaction", "", "a reaction");
  if (task.analysis) return no_rates(task.kind, "analysis", "", "this analysis");
  return {};
}

std::optional<Refusal> refuse_limited(const FluxTask& task, const Mesh& mesh) {
  if (!mesh.box) {
    return Refusal{
        "flux", "kind",
        "the limiter compares a face with the one behind it on the same line, which a Gmsh "
        "mesh does not have; take a box, or flux.kind = \"scharfetter_gummel\""};
  }
  if (task.analysis) return no_rates(task.kind, "analysis", "", "this analysis");
  return {};
}

std::optional<Refusal> refuse_simplex(const FluxTask& task, const Mesh& mesh) {
  if (!mesh.box && !mesh.simplices) {
    return Refusal{"mesh", "control_volumes",
                   "with flux.kind = \"simplex\" the cells of a Gmsh mesh are bounded by medians; "
                   "write control_volumes = \"medians\", or leave the key out"};
  }
  if (task.drift) return no_rates(task.kind, "drift", "expression", "a drift");
  if (task.diffusion && task.diffusion->drives()) {
    return no_rates(task.kind, "diffusion", "convention", "the drift of this convention");
  }
  if (task.diffusion && task.diffusion->depends_on_time()) {
    return no_rates(task.kind, "diffusion", "", "a diffusion that depends on t");
  }
  if (task.absorbing) return no_rates(task.kind, "boundary", "absorbing", "an absorbing side");
  if (task.reaction) return no_rates(task.kind, "reaction", "", "a reaction");
  if (task.analysis) return no_rates(task.kind, "analysis", "", "this analysis");
  return {};
}

/// Of a diffusion, where mass goes from one centre to the next.
std::optional<Refusal> refuse_diffusion(const FluxTask& task, const Mesh& mesh) {
  if (!task.diffusion) return {};
  if (task.kind == flux_of_fourth_order) {
    return Refusal{"diffusion", "",
                   "fluxes of fourth order take no diffusion of their own; take flux.kind = "
                   "\"scharfetter_gummel\""};
  }
  if (task.diffusion->kind == DiffusionKind::full) {
    return Refusal{
        "diffusion", "",
        "two-point fluxes know the difference along the line between two centres alone, "
        "and the entries off the diagonal need the others; take flux.kind = \"simplex\""};
  }
  if (task.diffusion->kind == DiffusionKind::diagonal && !mesh.box) {
    return Refusal{"diffusion", "",
                   "the faces of a Gmsh mesh look in all directions, and two-point fluxes carry a "
                   "tensor on boxes only; give an expression, or take flux.kind = \"simplex\""};
  }
  if (mesh.couplings && task.diffusion->depends_on_time()) {
    return Refusal{
        "diffusion", "",
        "on cells bounded by medians the diffusion must not depend on t; take a mesh that "
        "carries mesh.control_volumes = \"elements\", or a box"};
  }
  return {};
}

/// Of a temperature that varies, whose rates belong to kT rho.
std::optional<Refusal> refuse_temperature(const FluxTask& task, const Mesh& mesh) {
  if (!task.temperature_varies) return {};
  for (const char* kind : {flux_on_simplices, flux_of_fourth_order, flux_with_limiter}) {
    if (task.kind != kind) continue;
    return Refusal{"flux", "kind",
                   fmt::format("'{}' is for one temperature everywhere, and that of the entropy "
                               "varies; take flux.kind = \"scharfetter_gummel\"",
                               kind)};
  }
  if (!mesh.couplings) return {};
  return Refusal{
      "energy", "temperature",
      "cells bounded by medians take one temperature everywhere; take a mesh that carries "
      "mesh.control_volumes = \"elements\", or a box"};
}

}  // namespace

std::optional<Refusal> refuse_flux(const FluxTask& task, const Mesh& mesh) {
  if (auto refusal = refuse_temperature(task, mesh)) return refusal;
  if (task.kind == flux_on_simplices) return refuse_simplex(task, mesh);
  if (task.kind == flux_of_fourth_order) {
    if (auto refusal = refuse_fourth_order(task, mesh)) return refusal;
  }
  if (task.kind == flux_with_limiter) {
    if (auto refusal = refuse_limited(task, mesh)) return refusal;
  }
  if (auto refusal = refuse_diffusion(task, mesh)) return refusal;
  if (mesh.couplings && task.kind != "scharfetter_gummel") {
    return Refusal{
        "flux", "kind",
        fmt::format("cells bounded by medians carry the fitted flux 'scharfetter_gummel' "
                    "and whole gradients, 'simplex'; not '{}'",
                    task.kind)};
  }
  return {};
}

std::optional<Refusal> refuse_without_rates(const std::string& kind, const std::string& use) {
  if (kind != flux_on_simplices && kind != flux_of_fourth_order && kind != flux_with_limiter)
    return {};
  return no_rates(kind, "flux", "kind", use);
}

}  // namespace otto
