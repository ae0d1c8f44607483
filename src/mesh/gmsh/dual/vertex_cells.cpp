#include "vertex_cells.h"

#include <algorithm>
#include <unordered_map>

#include "otto/mesh/numbering.h"
#include "otto/mesh/region.h"

namespace otto::gmsh {

VertexCells number_vertices(Mesh& mesh, const Part& part, const std::vector<bool>& kept) {
  const auto own = [&](std::int32_t v) {
    return part.point_owner[std::size_t(v)] == mesh.comm.rank();
  };
  VertexCells cells;
  std::unordered_map<std::int64_t, std::int32_t> min;  // point of each number
  for (std::size_t v = 0; v < kept.size(); ++v) {
    if (kept[v]) min.emplace(part.point_number[v], std::int32_t(v));
  }
  for (std::size_t v = 0; v < kept.size() && !part.periods.empty(); ++v) {
    const auto at = min.find(part.point_number[v]);
    if (at == min.end()) continue;
    if (part.points[v] < part.points[std::size_t(at->second)]) at->second = std::int32_t(v);
  }
  for (const auto& [number, v] : min) cells.chosen.push_back(v);
  std::ranges::sort(cells.chosen, {}, [&](std::int32_t v) {
    return std::pair(own(v) ? -1 : part.point_owner[std::size_t(v)],
                     part.point_number[std::size_t(v)]);
  });
  cells.place.assign(part.points.size(), -1);
  for (std::size_t i = 0; i < cells.chosen.size(); ++i) {
    cells.place[std::size_t(cells.chosen[i])] = std::int32_t(i);
    if (own(cells.chosen[i])) mesh.owned = std::int32_t(i) + 1;
  }
  for (std::size_t v = 0; v < kept.size() && !part.periods.empty(); ++v) {
    const auto at = min.find(part.point_number[v]);
    if (at != min.end()) cells.place[v] = cells.place[std::size_t(at->second)];
  }
  mesh.ghosts = std::int32_t(cells.chosen.size()) - mesh.owned;
  return cells;
}

namespace {

/// The first point of the part with the number of each.
std::vector<std::int32_t> first_of_number(const Part& part) {
  std::unordered_map<std::int64_t, std::int32_t> of;
  std::vector<std::int32_t> first;
  for (std::size_t v = 0; v < part.points.size(); ++v) {
    first.push_back(of.try_emplace(part.point_number[v], std::int32_t(v)).first->second);
  }
  return first;
}

/// Of the owned cells. Cut by bisectors, a part beyond a circumcentre counts negative: what is left
/// after it is taken off is shared, so that no share leaves 0 ... 1.
void add_region_fractions(Mesh& mesh,
                          const std::vector<std::map<std::int32_t, double>>& volume_fraction) {
  auto all = std::make_shared<RegionFractions>();
  for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
    double sum = 0;
    for (const auto& [label, part] : volume_fraction[i]) sum += std::max(part, 0.0);
    for (const auto& [label, part] : volume_fraction[i]) {
      if (part > 0) all->volume_fraction.emplace_back(label, part / sum);
    }
    all->begin.push_back(std::int32_t(all->volume_fraction.size()));
  }
  mesh.region_fractions = std::move(all);
  mesh.region_volume = region_volumes(mesh);
}

/// A ghost may be known by another of its points than at its owner.
void share_centres(Mesh& mesh) {
  std::vector<double> x(mesh.center.size());
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = mesh.center[i][a];
    mesh.halo.update(mesh.comm, x);
    for (std::size_t i = 0; i < x.size(); ++i) mesh.center[i][a] = x[i];
  }
}

}  // namespace

std::vector<CellSide> sides_across_periods(const Part& part) {
  if (part.periods.empty()) return sorted_sides(part.cells);
  std::vector<PartCell> cells = part.cells;
  const std::vector<std::int32_t> first = first_of_number(part);
  for (PartCell& cell : cells) {
    for (auto& v : cell.vertex) v = first[std::size_t(v)];
  }
  return sorted_sides(cells);
}

std::map<SideKey, std::int32_t> tags_of_sides(const Part& part) {
  std::map<SideKey, std::int32_t> tags;
  const std::vector<std::int32_t> first =
      part.periods.empty() ? std::vector<std::int32_t>{} : first_of_number(part);
  for (TaggedSide s : part.sides) {
    for (auto& v : s.vertex) v = first.empty() ? v : first[std::size_t(v)];
    tags.emplace(own_key(s), s.tag);
  }
  return tags;
}

void add_vertex_cells(Mesh& mesh, const Part& part, const std::vector<std::int32_t>& chosen,
                      const std::vector<std::map<std::int32_t, double>>& volume_fraction) {
  std::vector<std::int32_t> owners;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto v = std::size_t(chosen[i]);
    mesh.center.push_back(part.points[v]);
    mesh.global.push_back(part.point_number[v]);
    const auto largest =
        std::ranges::max_element(volume_fraction[i], {}, [](const auto& r) { return r.second; });
    mesh.region.push_back(largest == volume_fraction[i].end() ? -1 : largest->first);
    if (std::int32_t(i) >= mesh.owned) owners.push_back(part.point_owner[v]);
  }
  const auto owned = std::size_t(mesh.owned);
  const std::span<const std::int64_t> numbers(mesh.global);
  mesh.halo = make_halo(mesh.comm, numbers.first(owned), numbers.subspan(owned), owners);
  mesh.halo.update(mesh.comm, mesh.volume);  // a ghost's cells are not all here
  if (!part.periods.empty()) share_centres(mesh);
  std::vector<double> region(mesh.region.begin(), mesh.region.end());
  mesh.halo.update(mesh.comm, region);
  std::ranges::transform(region, mesh.region.begin(), [](double r) { return std::int32_t(r); });
  mesh.global_cells = mesh.comm.sum(std::int64_t(mesh.owned));
  add_region_fractions(mesh, volume_fraction);
}

}  // namespace otto::gmsh
