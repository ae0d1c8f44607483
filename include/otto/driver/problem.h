#pragma once
// A case and the rules of otto/time: terms of an energy, a flux that carries what the case asks for
// (flux_rules.h), and the stepper for its problem (dispatch.h). Refusals name the key and its line.

#include <string>
#include <vector>

#include "otto/casefile/case.h"
#include "otto/mesh/make_mesh.h"
#include "otto/time/dispatch.h"
#include "otto/time/stepper.h"

namespace otto {

struct Diffusion;  // otto/operators/diffusion.h
struct Exchange;   // otto/operators/exchange.h

/// The [[energy]] tables. Throws InputError without any.
std::vector<Section> energy_terms(const Case& c);

/// What the case asks of a mesh that chooses its cells by itself.
MeshUse use_of_mesh(const Case& c);

/// The diffusion of the case; null without one. Gives the mesh its metric (face_diffusion.h) where the diffusion
/// does not depend on t and is no full tensor. Throws InputError where the case asks for something its flux cannot
/// carry: a full tensor with two-point fluxes, other than the fitted one on cells bounded by medians, or
/// what needs rates between two cells (drift, absorbing sides, `[analysis]`) with `flux.kind = "simplex"`.
/// Collective.
std::shared_ptr<const Diffusion> take_diffusion(const Case& c, Mesh& mesh);
/// What goes through sides and sets, and reactions. Collective; throws InputError.
Exchange exchange_of(const Case& c, const Mesh& mesh);
/// Throws InputError where nothing but a two-point flux will do, for what `use` names.
void check_two_point(const Case& c, const std::string& use);
/// The sum of the [[energy]] tables and what the noise adds to it. Collective; throws InputError.
FreeEnergy free_energy_of(const Case& c, const Mesh& mesh, const Diffusion* diffusion);

/// The problem of a case, its parts being made already; keeps references to them. On cells bounded by
/// medians its flux is that of whole gradients where the scheme has it, which keeps densities
/// positive: what it cannot do, a linear scheme does with the fitted rates of the generator. Collective.
Problem problem_of(const Case& c, const Mesh& mesh, const FreeEnergy& energy, Generator& generator,
                   std::shared_ptr<const Diffusion> diffusion);
/// The row of the table of steppers that is for this problem. Throws InputError where there is none.
const StepperEntry& find_stepper(const Case& c, const Problem& problem);
/// The stepper of that row. Throws InputError. Collective.
std::unique_ptr<Stepper> make_stepper(const Case& c, const Problem& problem);
/// reproducible.h. Throws InputError. Collective.
void check_reproducible(const Case& c, const Problem& problem);

}  // namespace otto
