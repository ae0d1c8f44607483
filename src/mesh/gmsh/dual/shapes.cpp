#include "shapes.h"

#include <algorithm>
#include <map>

namespace otto::gmsh {

namespace {

constexpr std::uint8_t polygon = 7, convex_point_set = 41;

/// Adds cells to a list of shapes, each point once.
class ShapeWriter {
 public:
  ShapeWriter(CellShapes& shapes, const std::vector<Point>& points)
      : shapes_(shapes), points_(points), place_(points.size(), -1) {
    shapes_.offsets.push_back(0);
  }
  void add(std::uint8_t type, const std::vector<std::int32_t>& vertices) {
    for (const std::int32_t v : vertices) {
      std::int64_t& at = place_[std::size_t(v)];
      if (at < 0) {
        at = std::int64_t(shapes_.points.size());
        shapes_.points.push_back(points_[std::size_t(v)]);
      }
      shapes_.connectivity.push_back(at);
    }
    shapes_.offsets.push_back(std::int64_t(shapes_.connectivity.size()));
    shapes_.types.push_back(type);
  }

 private:
  CellShapes& shapes_;
  const std::vector<Point>& points_;
  std::vector<std::int64_t> place_;
};

std::vector<std::int32_t> vertices_of(const PartCell& cell) {
  return {cell.vertex.begin(), cell.vertex.begin() + shape_data(cell.shape).vertices};
}

/// The outline of joined plane cells: the sides only one of them has, from end to end.
std::vector<std::int32_t> outline(const Part& part, const std::vector<std::int32_t>& members) {
  std::map<std::int32_t, std::int32_t> next;
  std::map<std::pair<std::int32_t, std::int32_t>, bool> directed;
  for (const std::int32_t c : members) {
    const PartCell& cell = part.cells[std::size_t(c)];
    for (int s = 0; s < shape_data(cell.shape).sides; ++s) {
      const auto& side = shape_data(cell.shape).side[std::size_t(s)];
      directed[{cell.vertex[std::size_t(side[0])], cell.vertex[std::size_t(side[1])]}] = true;
    }
  }
  for (const auto& [side, here] : directed) {
    if (!directed.contains({side.second, side.first})) next[side.first] = side.second;
  }
  std::vector<std::int32_t> ring{next.begin()->first};
  while (ring.size() < next.size()) ring.push_back(next.at(ring.back()));
  return ring;
}

std::vector<std::int32_t> all_vertices(const Part& part, const std::vector<std::int32_t>& members) {
  std::vector<std::int32_t> all;
  for (const std::int32_t c : members) {
    const auto more = vertices_of(part.cells[std::size_t(c)]);
    all.insert(all.end(), more.begin(), more.end());
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

void set_shapes(Mesh& mesh, const Part& part,
                const std::vector<std::vector<std::int32_t>>& members) {
  auto shapes = std::make_shared<CellShapes>();
  ShapeWriter writer(*shapes, part.points);
  bool polyhedra = false;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    const PartCell& first = part.cells[std::size_t(members[k].front())];
    if (members[k].size() == 1) {
      writer.add(first.shape, vertices_of(first));
    } else if (part.dimension == 2) {
      const auto ring = outline(part, members[k]);
      writer.add(ring.size() == 4 ? std::uint8_t(quad) : polygon, ring);
    } else {
      writer.add(convex_point_set, all_vertices(part, members[k]));
      polyhedra = true;
    }
  }
  mesh.shapes = std::move(shapes);
  if (!polyhedra) return;
  auto pieces = std::make_shared<CellPieces>();
  ShapeWriter piece(pieces->simplices, part.points);
  pieces->first.push_back(0);
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    for (const std::int32_t c : members[k]) {
      piece.add(part.cells[std::size_t(c)].shape, vertices_of(part.cells[std::size_t(c)]));
    }
    pieces->first.push_back(std::int64_t(pieces->simplices.types.size()));
  }
  mesh.pieces = std::move(pieces);
}

}  // namespace otto::gmsh
