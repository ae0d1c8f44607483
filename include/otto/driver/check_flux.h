#pragma once
// What a case needs before it is built: terms of an energy, and a flux that carries what it asks for.

#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The [[energy]] tables. Throws InputError without any.
std::vector<Section> energy_terms(const Case& c);

/// Throws InputError where the case asks for something its flux cannot carry: a tensor with
/// two-point fluxes, these on a mesh without faces, or what needs rates between two cells (drift,
/// absorbing sides, `[analysis]`) with `flux.kind = "simplex"`.
void check_flux(const Case& c, const Mesh& mesh);
/// The same where nothing but a two-point flux will do, for what `use` names.
void check_two_point(const Case& c, const Mesh& mesh, const std::string& use);

}  // namespace otto
