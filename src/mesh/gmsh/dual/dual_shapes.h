#pragma once
// The pieces of which the cells around the vertices consist.

#include "../file/geometry.h"
#include "../partition/part.h"
#include "otto/mesh/mesh.h"

namespace otto::gmsh {

/// A side of a cell as a cell of its own, for its circumcentre.
inline Point side_circumcentre(const PartCell& cell, const std::vector<Point>& points, int s) {
  const ShapeData& data = shape_data(cell.shape);
  Corners x{};
  for (int v = 0; v < data.side_vertices; ++v) {
    x[std::size_t(v)] =
        points[std::size_t(cell.vertex[std::size_t(data.side[std::size_t(s)][std::size_t(v)])])];
  }
  return plane_circumcentre(x);
}

/// visit(v, w) for the edges of a cell, once each, as positions of points.
template <class Visit>
void for_each_edge(const PartCell& cell, Visit&& visit) {
  const ShapeData& data = shape_data(cell.shape);
  for (int s = 0; s < data.sides; ++s) {
    const auto& ring = data.side[std::size_t(s)];
    for (int i = 0; i < data.side_vertices; ++i) {
      const int a = ring[std::size_t(i)], b = ring[std::size_t((i + 1) % data.side_vertices)];
      // In 3-D every edge has two sides, which run through it in opposite directions; in 2-D every
      // side is an edge, whose ring has two entries.
      if (data.dimension == 3 ? a < b : i == 0) {
        visit(cell.vertex[std::size_t(a)], cell.vertex[std::size_t(b)]);
      }
    }
  }
}

/// visit(v, w, area): the signed measure of the part of the dual face of edge (v, w) inside the
/// cell, in one piece for each side (3-D).
template <class Visit>
void for_each_dual_piece(const PartCell& cell, const std::vector<Point>& points, Visit&& visit) {
  const ShapeData& data = shape_data(cell.shape);
  const Corners x = corners_of(cell, points, data.vertices);
  const Point c = circumcentre(cell.shape, x);
  for (int s = 0; s < data.sides; ++s) {
    const Point A = side_area(cell.shape, x, s);  // outward
    const auto& ring = data.side[std::size_t(s)];
    const auto at = [&](int i) {
      return points[std::size_t(cell.vertex[std::size_t(ring[std::size_t(i)])])];
    };
    if (data.dimension == 2) {
      const double inward = dot(0.5 * (at(0) + at(1)) - c, A) / norm(A);
      visit(cell.vertex[std::size_t(ring[0])], cell.vertex[std::size_t(ring[1])], inward);
      continue;
    }
    const Point on = side_circumcentre(cell, points, s);
    const double inward = dot(on - c, A) / norm(A);
    for (int i = 0; i < data.side_vertices; ++i) {
      const int j = (i + 1) % data.side_vertices;
      const Point p = at(i), e = at(j) - p;
      const Point out = cross(e, A);  // in the side, away from its inside
      const double within = dot(0.5 * (p + at(j)) - on, out) / norm(out);
      visit(cell.vertex[std::size_t(ring[std::size_t(i)])],
            cell.vertex[std::size_t(ring[std::size_t(j)])], 0.5 * inward * within);
    }
  }
}

/// The parts of a side that the cells around its vertices have: (point, measure).
inline std::vector<std::pair<std::int32_t, double>> shares_of_side(const PartCell& cell,
                                                                   const std::vector<Point>& points,
                                                                   int s) {
  const ShapeData& data = shape_data(cell.shape);
  const Corners x = corners_of(cell, points, data.vertices);
  const Point A = side_area(cell.shape, x, s);
  const auto& ring = data.side[std::size_t(s)];
  const auto vertex = [&](int i) { return cell.vertex[std::size_t(ring[std::size_t(i)])]; };
  if (data.dimension == 2) return {{vertex(0), 0.5 * norm(A)}, {vertex(1), 0.5 * norm(A)}};
  const Point on = side_circumcentre(cell, points, s);
  std::vector<std::pair<std::int32_t, double>> shares;
  for (int i = 0; i < data.side_vertices; ++i) {
    const std::int32_t v = vertex(i), w = vertex((i + 1) % data.side_vertices);
    const Point p = points[std::size_t(v)], q = points[std::size_t(w)], out = cross(q - p, A);
    const double within = dot(0.5 * (p + q) - on, out) / norm(out);
    const double half = 0.25 * norm(q - p) * within;  // two right triangles
    shares.emplace_back(v, half);
    shares.emplace_back(w, half);
  }
  return shares;
}

/// What bounds the cells around the vertices.
enum class Bounds { bisectors, medians };

/// Pictures and pieces of the owned cells; `place` is the local cell of each point of the part,
/// `order` the cells of the part in the order of their numbers.
void set_dual_shapes(Mesh& mesh, const Part& part, const std::vector<std::int32_t>& place,
                     const std::vector<std::int32_t>& order, Bounds by);

}  // namespace otto::gmsh
