// The side e between the triangles (a, b, c) and (b, a, d) is Delaunay where the angles at c and d
// add up to no more than 180 degrees: cot c + cot d >= 0. Where they do not, c and d are joined
// instead. Each flip lowers the Dirichlet energy of every function on the vertices (Rippa, Comput.
// Aided Geom. Design 7, 1990), so they come to an end, with all sides Delaunay (Lawson 1977).

#include "delaunay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "crossing.h"
#include "topology.h"

namespace otto::gmsh {

namespace {

using Edge = std::pair<std::int32_t, std::int32_t>;

constexpr std::int32_t max_points = 100'000'000;

Edge edge_of(std::int32_t a, std::int32_t b) { return {std::min(a, b), std::max(a, b)}; }

std::int64_t cut_quadrilaterals(RawMesh& mesh) {
  std::vector<Element> cells;
  std::int64_t cut = 0;
  for (const Element& e : mesh.cells) {
    if (e.shape != quad) {
      cells.push_back(e);
      continue;
    }
    ++cut;
    const auto x = [&](std::size_t v) { return mesh.points[std::size_t(e.vertex[v])]; };
    const auto cotangent = [&](std::size_t at, std::size_t v, std::size_t w) {
      const Point p = x(v) - x(at), q = x(w) - x(at);
      return dot(p, q) / norm(cross(p, q));
    };
    // The diagonal 0-2 sees the corners 1 and 3.
    const std::size_t from = cotangent(1, 0, 2) + cotangent(3, 2, 0) >= 0 ? 0 : 1;
    for (const std::size_t side : {std::size_t(1), std::size_t(3)}) {
      Element half = e;
      half.shape = triangle;
      half.vertex = {e.vertex[from], e.vertex[(from + side) % 4], e.vertex[(from + side + 1) % 4]};
      if (side == 3)
        half.vertex = {e.vertex[(from + 2) % 4], e.vertex[(from + 3) % 4], e.vertex[from]};
      cells.push_back(half);
    }
  }
  mesh.cells = std::move(cells);
  return cut;
}

class Halving {
 public:
  explicit Halving(RawMesh& mesh) : mesh_(mesh) {}

  void run() {
    if (mesh_.points.size() + 2 * mesh_.cells.size() > std::size_t(max_points)) {
      mesh_.fail(
          "is too large to be refined on one rank, where its sides are made Delaunay; take a "
          "smaller mesh.refine, or mesh.control_volumes = \"medians\"");
    }
    std::vector<Element> cells, faces;
    for (const Element& e : mesh_.cells) {
      const auto [a, b, c, d4, d5, d6, d7, d8] = e.vertex;
      const std::int32_t ab = middle_of(a, b), bc = middle_of(b, c), ca = middle_of(c, a);
      add(cells, e, {a, ab, ca});
      add(cells, e, {ab, b, bc});
      add(cells, e, {ca, bc, c});
      add(cells, e, {ab, bc, ca});
    }
    for (const Element& e : mesh_.faces) {
      const std::int32_t a = e.vertex[0], b = e.vertex[1], ab = middle_of(a, b);
      add(faces, e, {a, ab});
      add(faces, e, {ab, b});
    }
    for (PeriodicLink& link : mesh_.periodic) halve(link);
    mesh_.cells = std::move(cells);
    mesh_.faces = std::move(faces);
  }

 private:
  static void add(std::vector<Element>& to, const Element& parent,
                  std::array<std::int32_t, 8> vertex) {
    Element e = parent;
    e.vertex = vertex;
    to.push_back(e);
  }

  std::int32_t middle_of(std::int32_t a, std::int32_t b) {
    const auto [at, added] = middle_.try_emplace(edge_of(a, b), std::int32_t(mesh_.points.size()));
    if (added) {
      mesh_.points.push_back(0.5 * (mesh_.points[std::size_t(a)] + mesh_.points[std::size_t(b)]));
      mesh_.node.push_back(0);
    }
    return at->second;
  }

  /// The middles of the edges whose ends have originals that are an edge too.
  void halve(PeriodicLink& link) const {
    std::map<std::int32_t, std::int32_t> original(link.pairs.begin(), link.pairs.end());
    for (const auto& [edge, middle] : middle_) {
      const auto a = original.find(edge.first), b = original.find(edge.second);
      if (a == original.end() || b == original.end()) continue;
      const auto there = middle_.find(edge_of(a->second, b->second));
      if (there != middle_.end() && there->second != middle) {
        link.pairs.emplace_back(middle, there->second);
      }
    }
  }

  RawMesh& mesh_;
  std::map<Edge, std::int32_t> middle_;
};

/// One round: flips whatever is not Delaunay, each triangle at most once.
std::int64_t flip_round(RawMesh& mesh) {
  std::int64_t flipped = 0;
  std::vector<bool> changed(mesh.cells.size(), false);
  const auto sides = sorted_sides(mesh.cells);
  for_each_side(sides, [&](std::size_t begin, std::size_t end) {
    if (end - begin != 2) return;
    const CellSide &s = sides[begin], &t = sides[begin + 1];
    Element &K = mesh.cells[std::size_t(s.cell)], &L = mesh.cells[std::size_t(t.cell)];
    if (K.groups != L.groups || changed[std::size_t(s.cell)] || changed[std::size_t(t.cell)]) {
      return;
    }
    const Corners x = corners_of(K, mesh.points, 3), y = corners_of(L, mesh.points, 3);
    const Crossing c = crossing(circumcentre(triangle, x), circumcentre(triangle, y),
                                side_area(triangle, x, s.side), 2);
    if (!(c.relative < -coincident)) return;
    const auto at = [](const Element& e, int i) { return e.vertex[std::size_t(i % 3)]; };
    const std::int32_t a = at(K, s.side), b = at(K, s.side + 1), far = at(K, s.side + 2),
                       other = at(L, t.side + 2);
    Element first = K, second = L;
    first.vertex = {far, a, other};
    second.vertex = {other, b, far};
    // Convex, as it must be where the angles at the far corners exceed 180 degrees together.
    if (min_corner(triangle, corners_of(first, mesh.points, 3)) <= 0 ||
        min_corner(triangle, corners_of(second, mesh.points, 3)) <= 0) {
      return;
    }
    K = first;
    L = second;
    changed[std::size_t(s.cell)] = changed[std::size_t(t.cell)] = true;
    ++flipped;
  });
  return flipped;
}

}  // namespace

Repairs make_delaunay(RawMesh& mesh, int refine) {
  Repairs repairs;
  if (mesh.dimension != 2) return repairs;
  repairs.cut = cut_quadrilaterals(mesh);
  for (int i = 0; i < refine; ++i) Halving(mesh).run();
  while (const std::int64_t flipped = flip_round(mesh)) repairs.flipped += flipped;
  return repairs;
}

}  // namespace otto::gmsh
