#pragma once
// Cells that V shuts, and a guess of phi inside them.
//
// Across a face where V rises from V_L to V_K by more than `jump`, as much as log rho can fall
// without being nothing, and by more than three times as much as it falls from L or rises from K to
// any other neighbour (else it is the wall of a steep well), K is shut; so are cells next to a shut
// one as long as V is above the level V_L + jump from where it was entered. Next to nothing is in them after a step, whatever
// was before: chemical potentials of order V say nothing of phi there, which only carries out what
// was inside and, where nothing was, lets nothing flow in.

#include <span>
#include <vector>

#include "otto/mesh/mesh.h"

namespace otto {

/// What V must rise by, beside `jump`, into a cell that held mass, for all of it to leave within
/// tau: 4 vol/(tau sum_f a), h^2/tau on squares. 0 where `rho0` is below `nothing`. Owned + ghosts
/// like rho0. Collective.
std::vector<double> holding_rise(const Mesh& mesh, std::span<const double> rho0, double nothing,
                                 double tau);

/// Per owned cell: it is shut. `V` and `hold` (what a cell's rise is beside `jump`): owned + ghosts,
/// ghosts up to date. `max_layers`: of cells that an obstacle is deep; beyond them cells are open.
/// Collective.
std::vector<char> shut_cells(const Mesh& mesh, std::span<const double> V,
                             std::span<const double> hold, double jump, int max_layers);

/// phi (owned + ghosts) of cells with `unknown` (owned): the mean of their neighbours that are
/// known, layer by layer; `otherwise` beyond `max_layers` of them. Ghosts are up to date after.
/// Collective.
void extend_into(const Mesh& mesh, std::span<const char> unknown, int max_layers, double otherwise,
                 std::vector<double>& phi);

}  // namespace otto
