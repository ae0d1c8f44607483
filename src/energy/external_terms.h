#pragma once
// External energies as an [[energy]] table of kind "external" gives them.

#include <memory>
#include <string>

#include "otto/casefile/section.h"
#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// The key that says what V is: expression, library, table or network. InputError unless exactly
/// one does.
std::string external_source(const Section& term);

/// An error at the first key of a table in a term that has none.
void refuse_table_keys(const Section& term);

/// V of one term, times `strength`; a network it names is added to `networks`. `temperature`: kT, 0
/// without entropy. Reads files but never communicates. Throws InputError.
std::unique_ptr<ExternalEnergy> make_external(const Section& term, const Mesh& mesh,
                                              double temperature, NetworkUses& networks);

/// V given in a file: at the cells of the mesh, or on a lattice of its own. Not collective.
std::unique_ptr<ExternalEnergy> make_table_energy(const Section& term, const Mesh& mesh,
                                                  double temperature);

}  // namespace otto
