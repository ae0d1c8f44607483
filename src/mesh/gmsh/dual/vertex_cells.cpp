#include "vertex_cells.h"

#include <algorithm>

#include "otto/mesh/numbering.h"

namespace otto::gmsh {

VertexCells number_vertices(Mesh& mesh, const Part& part, const std::vector<bool>& kept) {
  const auto own = [&](std::int32_t v) {
    return part.point_owner[std::size_t(v)] == mesh.comm.rank();
  };
  VertexCells cells;
  for (std::size_t v = 0; v < kept.size(); ++v) {
    if (kept[v]) cells.chosen.push_back(std::int32_t(v));
  }
  std::ranges::sort(cells.chosen, {}, [&](std::int32_t v) {
    return std::pair(own(v) ? -1 : part.point_owner[std::size_t(v)],
                     part.point_number[std::size_t(v)]);
  });
  cells.place.assign(part.points.size(), -1);
  for (std::size_t i = 0; i < cells.chosen.size(); ++i) {
    cells.place[std::size_t(cells.chosen[i])] = std::int32_t(i);
    if (own(cells.chosen[i])) mesh.owned = std::int32_t(i) + 1;
  }
  mesh.ghosts = std::int32_t(cells.chosen.size()) - mesh.owned;
  return cells;
}

void add_vertex_cells(Mesh& mesh, const Part& part, const std::vector<std::int32_t>& chosen,
                      const std::vector<std::map<std::int32_t, double>>& share) {
  std::vector<std::int32_t> owners;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto v = std::size_t(chosen[i]);
    mesh.center.push_back(part.points[v]);
    mesh.global.push_back(part.point_number[v]);
    const auto most =
        std::ranges::max_element(share[i], {}, [](const auto& r) { return r.second; });
    mesh.region.push_back(most == share[i].end() ? -1 : most->first);
    if (std::int32_t(i) >= mesh.owned) owners.push_back(part.point_owner[v]);
  }
  const auto owned = std::size_t(mesh.owned);
  const std::span<const std::int64_t> numbers(mesh.global);
  mesh.halo = make_halo(mesh.comm, numbers.first(owned), numbers.subspan(owned), owners);
  mesh.halo.update(mesh.comm, mesh.volume);  // a ghost's cells are not all here
  std::vector<double> region(mesh.region.begin(), mesh.region.end());
  mesh.halo.update(mesh.comm, region);
  std::ranges::transform(region, mesh.region.begin(), [](double r) { return std::int32_t(r); });
  mesh.global_cells = mesh.comm.sum(std::int64_t(mesh.owned));
}

}  // namespace otto::gmsh
