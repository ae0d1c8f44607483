#include "otto/mesh/cell_locator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/mesh/locate.h"

namespace otto {

namespace {

constexpr std::uint8_t tetrahedron = 10;

/// Whether the ray to the right of x crosses the side.
bool crosses(const Point& a, const Point& b, const Point& x) {
  if ((a[1] > x[1]) == (b[1] > x[1])) return false;
  const Point &low = a[1] < b[1] ? a : b, &high = a[1] < b[1] ? b : a;
  return (high[0] - low[0]) * (x[1] - low[1]) > (x[0] - low[0]) * (high[1] - low[1]);
}

Point difference(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

/// Six times the volume of the tetrahedron on a face, x its top.
double above(const std::array<Point, 3>& face, const Point& x) {
  const Point u = difference(face[1], face[0]), v = difference(face[2], face[0]),
              w = difference(x, face[0]);
  return w[0] * (u[1] * v[2] - u[2] * v[1]) + w[1] * (u[2] * v[0] - u[0] * v[2]) +
         w[2] * (u[0] * v[1] - u[1] * v[0]);
}

std::span<const std::int64_t> corners_of(const CellShapes& shapes, std::size_t i) {
  const auto first = std::size_t(shapes.offsets[i]), end = std::size_t(shapes.offsets[i + 1]);
  return std::span(shapes.connectivity).subspan(first, end - first);
}

bool in_tetrahedron(const CellShapes& shapes, std::size_t i, const Point& x) {
  const auto corners = corners_of(shapes, i);
  const auto corner = [&](std::size_t k) { return shapes.points[std::size_t(corners[k % 4])]; };
  for (std::size_t top = 0; top < 4; ++top) {
    std::array<Point, 3> face{corner(top + 1), corner(top + 2), corner(top + 3)};
    std::ranges::sort(face);
    const bool positive = above(face, corner(top)) > 0;
    if ((above(face, x) >= 0) != positive) return false;
  }
  return true;
}

bool in_polygon(const CellShapes& shapes, std::size_t i, const Point& x) {
  const auto ring = corners_of(shapes, i);
  bool inside = false;
  for (std::size_t k = 0; k < ring.size(); ++k) {
    const Point &a = shapes.points[std::size_t(ring[k])],
                &b = shapes.points[std::size_t(ring[(k + 1) % ring.size()])];
    inside = inside != crosses(a, b, x);
  }
  return inside;
}

/// Tetrahedra that cells were joined of; null where each is one. Cells around vertices have pieces that are subtracted.
const CellPieces* joined(const Mesh& mesh) {
  return mesh.centres_on_walls ? nullptr : mesh.pieces.get();
}

}  // namespace

std::string CellLocator::refusal(const Mesh& mesh) {
  if (mesh.box) return {};
  if (!mesh.periods.empty()) return "meshes with periods";
  const CellPieces* pieces = joined(mesh);
  const auto& types = pieces ? pieces->simplices.types : mesh.shapes->types;
  const bool fits = mesh.dimension == 2 ||
                    (mesh.dimension == 3 &&
                     std::ranges::all_of(types, [](auto type) { return type == tetrahedron; }));
  return mesh.comm.any(!fits) ? "cells other than polygons and tetrahedra" : "";
}

CellLocator::CellLocator(const Mesh& mesh) : mesh_(mesh) {
  if (mesh.box) return;
  const std::size_t n = std::size_t(mesh.owned), d = std::size_t(mesh.dimension);
  constexpr double far = std::numeric_limits<double>::infinity();
  std::vector<std::array<Point, 2>> bounds(n, {Point{far, far, far}, Point{-far, -far, -far}});
  lower_ = {far, far, far};
  upper_ = {-far, -far, -far};
  for (std::size_t k = 0; k < n; ++k) {
    for (const std::int64_t corner : corners_of(*mesh.shapes, k)) {
      const Point& x = mesh.shapes->points[std::size_t(corner)];
      for (std::size_t a = 0; a < d; ++a) {
        bounds[k][0][a] = std::min(bounds[k][0][a], x[a]);
        bounds[k][1][a] = std::max(bounds[k][1][a], x[a]);
      }
    }
    for (std::size_t a = 0; a < d; ++a) {
      lower_[a] = std::min(lower_[a], bounds[k][0][a]);
      upper_[a] = std::max(upper_[a], bounds[k][1][a]);
    }
  }
  bins_ = std::max<std::size_t>(1, std::size_t(std::pow(double(n), 1.0 / double(d))));
  const std::size_t layers = d == 3 ? bins_ : 1;
  const auto for_each_bin = [&](std::size_t k, auto&& work) {
    std::array<std::size_t, 3> low{}, high{};
    for (std::size_t a = 0; a < d; ++a) {
      low[a] = bin_along(a, bounds[k][0][a]);
      high[a] = bin_along(a, bounds[k][1][a]);
    }
    for (std::size_t z = low[2]; z <= high[2]; ++z) {
      for (std::size_t y = low[1]; y <= high[1]; ++y) {
        for (std::size_t x = low[0]; x <= high[0]; ++x) work(x + bins_ * (y + bins_ * z));
      }
    }
  };
  first_.assign(bins_ * bins_ * layers + 1, 0);
  for (std::size_t k = 0; k < n; ++k) for_each_bin(k, [&](std::size_t bin) { ++first_[bin + 1]; });
  for (std::size_t bin = 1; bin < first_.size(); ++bin) first_[bin] += first_[bin - 1];
  cells_.resize(std::size_t(first_.back()));
  std::vector<std::int64_t> next(first_.begin(), first_.end() - 1);
  for (std::size_t k = 0; k < n; ++k) {
    for_each_bin(k, [&](std::size_t bin) { cells_[std::size_t(next[bin]++)] = std::int32_t(k); });
  }
}

std::size_t CellLocator::bin_along(std::size_t axis, double x) const {
  const double width = (upper_[axis] - lower_[axis]) / double(bins_);
  const double bin = width > 0 ? std::floor((x - lower_[axis]) / width) : 0;
  return std::size_t(std::clamp(bin, 0.0, double(bins_ - 1)));
}

bool CellLocator::holds(std::size_t cell, const Point& x) const {
  if (mesh_.dimension == 2) return in_polygon(*mesh_.shapes, cell, x);
  const CellPieces* pieces = joined(mesh_);
  if (!pieces) return in_tetrahedron(*mesh_.shapes, cell, x);
  for (auto i = std::size_t(pieces->first[cell]); i < std::size_t(pieces->first[cell + 1]); ++i) {
    if (in_tetrahedron(pieces->simplices, i, x)) return true;
  }
  return false;
}

std::int32_t CellLocator::find(std::span<const double> x) const {
  if (mesh_.box) return locate(*mesh_.box, x).cell;
  if (mesh_.owned == 0) return -1;
  Point at{};
  std::array<std::size_t, 3> bin{};
  for (std::size_t a = 0; a < x.size(); ++a) {
    if (!(x[a] >= lower_[a] && x[a] <= upper_[a])) return -1;
    at[a] = x[a];
    bin[a] = bin_along(a, x[a]);
  }
  const std::size_t here = bin[0] + bins_ * (bin[1] + bins_ * bin[2]);
  for (auto i = std::size_t(first_[here]); i < std::size_t(first_[here + 1]); ++i) {
    if (holds(std::size_t(cells_[i]), at)) return cells_[i];
  }
  return -1;
}

}  // namespace otto
