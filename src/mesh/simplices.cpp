#include "otto/mesh/simplices.h"

#include <cmath>

#include "otto/mesh/mesh.h"

namespace otto {

namespace {

/// Neighbours of the owned cells of a box below [0] and above [1] along each axis; -1: a wall.
using Neighbours = std::array<std::array<std::int32_t, 2>, 3>;

Point across(const Mesh& mesh, std::int32_t from, std::int32_t to) {
  const Point &x = mesh.center[std::size_t(from)], &y = mesh.center[std::size_t(to)];
  return {y[0] - x[0], y[1] - x[1], y[2] - x[2]};
}

std::vector<Neighbours> neighbours_on_box(const Mesh& mesh) {
  const Neighbours none{{{-1, -1}, {-1, -1}, {-1, -1}}};
  std::vector<Neighbours> all(std::size_t(mesh.owned), none);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const std::int32_t l = mesh.faces.left[f], r = mesh.faces.right[f];
    const Point e = across(mesh, l, r);
    std::size_t axis = 0;
    while (e[axis] == 0) ++axis;
    const std::size_t up = e[axis] > 0 ? 1 : 0;
    if (l < mesh.owned) all[std::size_t(l)][axis][up] = r;
    if (r < mesh.owned) all[std::size_t(r)][axis][1 - up] = l;
  }
  return all;
}

}  // namespace

std::vector<Simplex> simplices_of(const Mesh& mesh) {
  if (mesh.simplices) return *mesh.simplices;
  std::vector<Simplex> all;
  if (!mesh.box) return all;
  const int corners = 1 << mesh.dimension;
  const std::vector<Neighbours> neighbours = neighbours_on_box(mesh);
  all.reserve(neighbours.size() * std::size_t(corners));
  for (std::int32_t K = 0; K < mesh.owned; ++K) {
    for (int corner = 0; corner < corners; ++corner) {
      Simplex s;
      s.cell[0] = K;
      s.weight = mesh.volume[std::size_t(K)] / corners;
      for (int a = 0; a < mesh.dimension; ++a) {
        const std::int32_t L = neighbours[std::size_t(K)][std::size_t(a)][(corner >> a) & 1];
        if (L < 0) continue;
        s.edge[std::size_t(s.edges)] = across(mesh, K, L);
        s.cell[std::size_t(++s.edges)] = L;
      }
      if (s.edges > 0) all.push_back(s);
    }
  }
  return all;
}

}  // namespace otto
