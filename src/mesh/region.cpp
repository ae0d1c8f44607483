#include "otto/mesh/region.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/section.h"
#include "otto/casefile/suggest.h"

namespace otto {

std::int32_t read_region(const Section& section, const Mesh& mesh, const char* key) {
  if (!section.given(key)) return -1;
  const std::string name = section.text(key);
  const auto at = std::ranges::find(mesh.region_names, name);
  if (at != mesh.region_names.end()) return std::int32_t(at - mesh.region_names.begin());
  if (mesh.region_names.empty()) {
    section.fail(key, fmt::format("the mesh has no region '{}': regions are the physical "
                                  "groups of a Gmsh mesh, and a box has none",
                                  name));
  }
  section.fail(key,
               fmt::format("the mesh has no region '{}'{} Its regions are {}.", name,
                           did_you_mean(name, mesh.region_names), list_words(mesh.region_names)));
}

}  // namespace otto
