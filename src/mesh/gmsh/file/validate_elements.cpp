// What a file may hold and a mesh may not.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "geometry.h"
#include "raw_mesh.h"

namespace otto::gmsh {

namespace {

constexpr double flat = 1e-10;  ///< relative to the size of the mesh, or of the cell

std::string at(const Point& x, int dimension) {
  return dimension == 2 ? fmt::format("({:.6g}, {:.6g})", x[0], x[1])
                        : fmt::format("({:.6g}, {:.6g}, {:.6g})", x[0], x[1], x[2]);
}

using CornerKey = std::array<std::int32_t, 8>;

struct Bounds {
  Point lower{INFINITY, INFINITY, INFINITY}, upper{-INFINITY, -INFINITY, -INFINITY};
  explicit Bounds(const std::vector<Point>& points) {
    for (const Point& x : points) {
      for (std::size_t a = 0; a < 3; ++a) {
        lower[a] = std::min(lower[a], x[a]);
        upper[a] = std::max(upper[a], x[a]);
      }
    }
  }
  [[nodiscard]] double extent(std::size_t a) const { return upper[a] - lower[a]; }
  [[nodiscard]] double size() const { return std::max({extent(0), extent(1), extent(2)}); }
};

/// Elements with the same corners are one, which has the groups of all of them. Gmsh's format 2.2
/// writes an element once for each of its groups.
void merge(RawMesh& mesh, std::vector<Element>& elements, bool cells) {
  std::vector<std::pair<CornerKey, std::int32_t>> keys(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    CornerKey& key = keys[i].first;
    key.fill(-1);
    std::copy_n(elements[i].vertex.begin(), shape_data(elements[i].shape).vertices, key.begin());
    std::ranges::sort(key);
    keys[i].second = std::int32_t(i);
  }
  std::ranges::sort(keys);
  std::vector<bool> again(elements.size(), false);
  for (std::size_t i = 1, first = 0; i < keys.size(); ++i) {
    if (keys[i].first != keys[first].first) {
      first = i;
      continue;
    }
    Element &a = elements[std::size_t(keys[first].second)],
            &b = elements[std::size_t(keys[i].second)];
    const std::int32_t both = mesh.joined(a.groups, b.groups);
    if (cells && both == a.groups) {
      mesh.fail(
          fmt::format("the elements {} and {} are the same cell, written twice; mesh the geometry "
                      "again, each surface or volume once",
                      a.number, b.number));
    }
    a.groups = both;
    again[std::size_t(keys[i].second)] = true;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (!again[i]) elements[kept++] = elements[i];
  }
  elements.resize(kept);
}

void split(RawMesh& mesh) {
  for (const Element& e : mesh.elements) {
    mesh.dimension = std::max(mesh.dimension, shape_data(e.shape).dimension);
  }
  if (mesh.dimension < 2) {
    mesh.fail(fmt::format(
        "holds lines only; {}mesh the surface or the volume: gmsh -2 or gmsh -3 FILE.geo",
        mesh.groups.empty()
            ? ""
            : "Gmsh leaves out what has no physical group as soon as anything has one, so add "
              "Physical Surface(\"inside\") = {...}; or Mesh.SaveAll = 1; to the .geo file, or "));
  }
  bool grouped = false;
  for (const Element& e : mesh.elements) {
    const int d = shape_data(e.shape).dimension;
    if (d == mesh.dimension) mesh.cells.push_back(e);
    if (d == mesh.dimension) grouped = grouped || e.groups >= 0;
    if (d == mesh.dimension - 1 && e.groups >= 0) mesh.faces.push_back(e);
  }
  mesh.elements = {};
  merge(mesh, mesh.cells, true);
  merge(mesh, mesh.faces, false);
  if (grouped) return;
  mesh.groups.push_back({.dimension = mesh.dimension, .tag = 0, .name = "all"});
  const std::int32_t all = mesh.set_of({std::int32_t(mesh.groups.size()) - 1});
  for (Element& e : mesh.cells) e.groups = all;
}

/// Keeps the points of the cells, in the order of the file.
void drop_unused(RawMesh& mesh) {
  std::vector<std::int32_t> place(mesh.points.size(), -1);
  for (const Element& e : mesh.cells) {
    for (int v = 0; v < shape_data(e.shape).vertices; ++v) {
      place[std::size_t(e.vertex[std::size_t(v)])] = 0;
    }
  }
  std::int32_t next = 0;
  for (std::size_t p = 0; p < place.size(); ++p) {
    if (place[p] < 0) continue;
    place[p] = next++;
    mesh.points[std::size_t(place[p])] = mesh.points[p];
    mesh.node[std::size_t(place[p])] = mesh.node[p];
  }
  mesh.points.resize(std::size_t(next));
  mesh.node.resize(std::size_t(next));
  const auto move = [&](Element& e) {
    for (int v = 0; v < shape_data(e.shape).vertices; ++v) {
      auto& vertex = e.vertex[std::size_t(v)];
      vertex = place[std::size_t(vertex)];
      if (vertex < 0) return false;
    }
    return true;
  };
  for (Element& e : mesh.cells) move(e);
  std::erase_if(mesh.faces, [&](Element& e) { return !move(e); });
  std::erase_if(mesh.periodic,
                [&](const PeriodicLink& link) { return link.dimension != mesh.dimension - 1; });
  for (PeriodicLink& link : mesh.periodic) {
    std::erase_if(link.pairs, [&](auto& pair) {
      pair = {place[std::size_t(pair.first)], place[std::size_t(pair.second)]};
      return pair.first < 0 || pair.second < 0;
    });
  }
}

void flatten(RawMesh& mesh) {
  if (mesh.dimension != 2) return;
  const Bounds bounds(mesh.points);
  if (bounds.extent(2) > flat * bounds.size()) {
    mesh.fail(
        fmt::format("is a surface in space (z from {:.6g} to {:.6g}); Otto takes plane meshes "
                    "with one z, and solid ones: gmsh -3 FILE.geo, with a physical group for the "
                    "volume where anything else has one",
                    bounds.lower[2], bounds.upper[2]));
  }
  for (Point& x : mesh.points) x[2] = 0;
}

/// Points of one place have the same key in one of two grids, shifted by half a width, unless a
/// border of either passes between them, which happens to one pair in a million.
void refuse_duplicates(const RawMesh& mesh) {
  const Bounds bounds(mesh.points);
  const double near = flat * bounds.size(), width = 1000 * near;
  using Key = std::array<std::int64_t, 3>;
  std::vector<std::pair<Key, std::int32_t>> keys(mesh.points.size());
  for (const double shift : {0.25, 0.75}) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      for (std::size_t a = 0; a < 3; ++a) {
        keys[i].first[a] = std::llround((mesh.points[i][a] - bounds.lower[a]) / width + shift);
      }
      keys[i].second = std::int32_t(i);
    }
    std::ranges::sort(keys);
    for (std::size_t i = 1; i < keys.size(); ++i) {
      const auto a = std::size_t(keys[i - 1].second), b = std::size_t(keys[i].second);
      if (keys[i - 1].first != keys[i].first) continue;
      if (norm(mesh.points[a] - mesh.points[b]) > near) continue;
      mesh.fail(
          fmt::format("nodes {} and {} are both at {}, so the cells there are not joined; "
                      "end the .geo file with Coherence Mesh;",
                      mesh.node[a], mesh.node[b], at(mesh.points[a], mesh.dimension)));
    }
  }
}

/// Turns a cell over: the mirror image has positive measure.
void turn(Element& e) {
  auto& v = e.vertex;
  if (e.shape == triangle || e.shape == tetrahedron) std::swap(v[1], v[2]);
  if (e.shape == quad) std::swap(v[1], v[3]);
  if (e.shape == hexahedron) {
    std::swap(v[1], v[3]);
    std::swap(v[5], v[7]);
  }
}

/// Entities may be oriented either way, but all cells of one the same way.
void orient(RawMesh& mesh) {
  struct Count {
    std::int64_t positive = 0, negative = 0;
  };
  std::map<std::int32_t, Count> counts;
  std::vector<signed char> sign(mesh.cells.size());
  for (std::size_t c = 0; c < mesh.cells.size(); ++c) {
    const Element& e = mesh.cells[c];
    const Corners x = corners_of(e, mesh.points, shape_data(e.shape).vertices);
    const double m = measure(e.shape, x);
    sign[c] = m > 0 ? 1 : m < 0 ? -1 : 0;
    if (m > 0) ++counts[e.entity].positive;
    if (m < 0) ++counts[e.entity].negative;
  }
  for (std::size_t c = 0; c < mesh.cells.size(); ++c) {
    Element& e = mesh.cells[c];
    const Count& count = counts[e.entity];
    const int majority = count.negative > count.positive ? -1 : 1;
    const auto corners = [&] { return corners_of(e, mesh.points, shape_data(e.shape).vertices); };
    const Point x = middle(e.shape, corners());
    if (sign[c] == -majority) {
      mesh.fail(
          fmt::format("element {} at {} is inverted: its nodes run the other way round than "
                      "those of its neighbours; mesh the geometry again",
                      e.number, at(x, mesh.dimension)));
    }
    if (majority < 0) turn(e);
    if (min_corner(e.shape, corners()) > flat) continue;
    mesh.fail(fmt::format(
        "element {} at {} is {}; mesh the geometry again", e.number, at(x, mesh.dimension),
        e.shape == triangle || e.shape == tetrahedron ? "flat, its volume is zero"
                                                      : "not convex, or a corner of it is flat"));
  }
}

}  // namespace

void validate_elements(RawMesh& mesh) {
  split(mesh);
  drop_unused(mesh);
  flatten(mesh);
  refuse_duplicates(mesh);
  orient(mesh);
}

}  // namespace otto::gmsh
