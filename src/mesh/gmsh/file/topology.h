#pragma once
// Which cells share which sides.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "raw_mesh.h"

namespace otto::gmsh {

using SideKey = std::array<std::int32_t, 4>;  ///< a side's vertices, sorted, -1 in front

/// One side of one cell.
struct CellSide {
  SideKey key;
  std::int32_t cell = 0;
  std::int32_t side = 0;
};

template <class Element>
SideKey side_key(const Element& cell, int s) {
  const ShapeData& data = shape_data(cell.shape);
  SideKey key{-1, -1, -1, -1};
  for (int v = 0; v < data.side_vertices; ++v) {
    key[std::size_t(v)] = cell.vertex[std::size_t(data.side[std::size_t(s)][std::size_t(v)])];
  }
  std::ranges::sort(key);
  return key;
}

/// The key of an element that is itself a side.
template <class Element>
SideKey own_key(const Element& face) {
  SideKey key{-1, -1, -1, -1};
  for (int v = 0; v < shape_data(face.shape).vertices; ++v) {
    key[std::size_t(v)] = face.vertex[std::size_t(v)];
  }
  std::ranges::sort(key);
  return key;
}

/// All sides of all cells, those with the same vertices one after another, else by cell.
template <class Cells>
std::vector<CellSide> sorted_sides(const Cells& cells) {
  std::vector<CellSide> sides;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    for (int s = 0; s < shape_data(cells[c].shape).sides; ++s) {
      sides.push_back({side_key(cells[c], s), std::int32_t(c), s});
    }
  }
  std::ranges::sort(sides, [](const CellSide& a, const CellSide& b) {
    return a.key != b.key ? a.key < b.key : a.cell < b.cell;
  });
  return sides;
}

/// visit(begin, end) for every side, with the one or more cells that have it.
template <class Visit>
void for_each_side(const std::vector<CellSide>& sides, Visit&& visit) {
  for (std::size_t begin = 0, end = 0; begin < sides.size(); begin = end) {
    while (end < sides.size() && sides[end].key == sides[begin].key) ++end;
    visit(begin, end);
  }
}

/// Sets of numbers 0 ... n-1 that are being joined.
class Joined {
 public:
  explicit Joined(std::size_t n) : parent_(n) {
    for (std::size_t i = 0; i < n; ++i) parent_[i] = std::int32_t(i);
  }
  /// The least member of a number's set.
  std::int32_t root(std::int32_t i) {
    while (parent_[std::size_t(i)] != i) {
      auto& up = parent_[std::size_t(i)];
      up = parent_[std::size_t(up)];
      i = up;
    }
    return i;
  }
  void join(std::int32_t a, std::int32_t b) {
    a = root(a);
    b = root(b);
    if (a != b) parent_[std::size_t(std::max(a, b))] = std::min(a, b);
  }

 private:
  std::vector<std::int32_t> parent_;
};

}  // namespace otto::gmsh
