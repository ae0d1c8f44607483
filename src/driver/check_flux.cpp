#include "otto/driver/check_flux.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/core/error.h"
#include "otto/flux/two_point.h"

namespace otto {

namespace {

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

std::vector<Section> energy_terms(const Case& c) {
  auto terms = c.sections("energy");
  if (!terms.empty()) return terms;
  throw InputError(c.file().string() +
                   ": no [[energy]] table; add one for each term of the free energy, such as kind "
                   "= \"entropy\" with its temperature");
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
