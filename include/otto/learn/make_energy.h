#pragma once
#include <cstdint>
#include <memory>

#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"
#include "otto/network/network.h"

namespace otto {

/// The network of [network]: the default one for the box of the mesh, `quadratic`, or that of a
/// file; `seed` of its first parameters. The same theta on every rank. Collective; throws InputError.
std::unique_ptr<Network> make_energy(const Case& c, const Mesh& mesh, std::uint64_t seed);

}  // namespace otto
