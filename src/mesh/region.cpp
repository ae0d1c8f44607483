#include "otto/mesh/region.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/section.h"
#include "otto/casefile/suggest.h"
#include "otto/core/reproducible_sum.h"

namespace otto {

std::int32_t read_region(const Section& section, const Mesh& mesh, const char* key) {
  if (!section.given(key)) return -1;
  const std::string name = section.text(key);
  const auto at = std::ranges::find(mesh.region_names, name);
  if (at != mesh.region_names.end()) {
    const auto region = at - mesh.region_names.begin();
    if (mesh.region_volume[std::size_t(region)] > 0) return std::int32_t(region);
    section.fail(key, fmt::format("the region '{}' holds no cell of the mesh: the file names the "
                                  "group and gives it no element",
                                  name));
  }
  if (mesh.region_names.empty()) {
    section.fail(key, fmt::format("the mesh has no region '{}': regions are the physical "
                                  "groups of a Gmsh mesh, and a box has none",
                                  name));
  }
  section.fail(key,
               fmt::format("the mesh has no region '{}'{} Its regions are {}.", name,
                           did_you_mean(name, mesh.region_names), list_words(mesh.region_names)));
}

std::vector<double> shares_of_region(const Mesh& mesh, std::int32_t region) {
  const std::size_t names = mesh.region_names.size();
  std::vector<double> share(std::size_t(mesh.owned), 0.0);
  for (std::size_t i = 0; i < share.size(); ++i) {
    if (!mesh.region_fractions) {
      share[i] = has_name(mesh.region[i], region, names, mesh.region_sets) ? 1 : 0;
      continue;
    }
    for (auto s = mesh.region_fractions->begin[i]; s < mesh.region_fractions->begin[i + 1]; ++s) {
      const auto& [label, part] = mesh.region_fractions->volume_fraction[std::size_t(s)];
      if (has_name(label, region, names, mesh.region_sets)) share[i] += part;
    }
    share[i] = std::min(share[i], 1.0);
  }
  return share;
}

std::vector<double> region_volumes(const Mesh& mesh) {
  std::vector<ReproducibleSum> volumes;
  for (std::size_t r = 0; r < mesh.region_names.size(); ++r) {
    const auto share = shares_of_region(mesh, std::int32_t(r));
    volumes.emplace_back().add(share.size(),
                               [&](std::size_t i) { return share[i] * mesh.volume[i]; });
  }
  return sums_of_all(mesh.comm, volumes);
}

}  // namespace otto
