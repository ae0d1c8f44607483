#pragma once
// final.h5: the state at the end, in an order that does not depend on the rank count.

#include <filesystem>
#include <span>

#include "otto/io/field_series.h"
#include "otto/io/provenance.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// Writes /cells/center (n x d), /cells/volume (n) and /cells/NAME (n) for every field, `density`
/// first, all in the order of the global cell numbers; attribute `time` and the provenance on the
/// root group. Published by rename: an earlier file stays until the new one is whole. Collective;
/// throws IoError naming the file.
void write_final_state(const std::filesystem::path& file, const Mesh& mesh, double time,
                       std::span<const NamedField> fields, const Provenance& provenance);

}  // namespace otto
