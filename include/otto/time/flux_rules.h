#pragma once
// What each flux.kind can carry, and on which meshes. These rules hold whatever advances the density,
// a stepper or an eigenvalue problem.

#include <optional>
#include <string>

#include "otto/mesh/mesh.h"

namespace otto {

struct Diffusion;  // otto/operators/diffusion.h

/// Why a problem is refused, and the key that is to blame ("" for the table itself).
struct Refusal {
  std::string table;    ///< of the case
  std::string key;      ///< in it
  std::string message;  ///< the reason and what to do
};

/// What a flux is asked for.
struct FluxTask {
  std::string kind;                      ///< of flux.kind
  const Diffusion* diffusion = nullptr;  ///< null: 1
  bool drift = false;                    ///< [drift]
  bool temperature_varies = false;       ///< kT is no number
  bool absorbing = false;                ///< open sides or sets
  bool reaction = false;                 ///< [reaction]
  bool analysis = false;                 ///< [analysis], made of rates between two cells
};

/// Why the flux cannot do it on this mesh, if it cannot.
std::optional<Refusal> refuse_flux(const FluxTask& task, const Mesh& mesh);
/// The refusal of a flux without rates between two cells, for what `use` names; none for others.
std::optional<Refusal> refuse_without_rates(const std::string& kind, const std::string& use);

}  // namespace otto
