#pragma once
// The mesh of a case.

#include "otto/mesh/mesh.h"

namespace otto {

class Section;

/// What a case asks of the cells, where it leaves the choice of them to the mesh.
struct MeshUse {
  std::vector<std::string> held = {};  ///< sides on which the density, or a committor, has a value
  bool gradients = false;              ///< fluxes from whole gradients
};

/// The mesh of a [mesh] table, by the builder its `kind` names. Collective; throws InputError.
Mesh make_mesh(const Comm& comm, const Section& mesh, const MeshUse& use = {});

}  // namespace otto
