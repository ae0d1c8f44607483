// The finite-volume topology of a box: cells of volume h_x h_y h_z, faces of area h_y h_z (and so
// on) between neighbours at distance (h_i + h_{i+1}) / 2. Periodic images are ghosts.

#include <algorithm>

#include "otto/core/reproducible_sum.h"
#include "otto/mesh/box_faces.h"
#include "otto/mesh/mesh.h"
#include "otto/mesh/rows.h"

namespace otto {

namespace {

/// Cells of one axis with a ghost layer on either side: index i + 1 belongs to owned cell i.
struct Axis {
  std::vector<double> center, width;
};
using Axes = std::array<Axis, 3>;

Axis make_axis(const BoxBlock& block, std::size_t a) {
  const auto& nodes = block.box.nodes[a];
  const std::int64_t n = block.cells(int(a));
  const double length = nodes.back() - nodes.front();
  Axis axis;
  for (std::int64_t i = -1; i <= block.size[a]; ++i) {
    const std::int64_t at = block.begin[a] + i;
    const auto wrapped = static_cast<std::size_t>((at + n) % n);
    const double shift = at < 0 ? -length : at >= n ? length : 0.0;
    axis.center.push_back(0.5 * (nodes[wrapped] + nodes[wrapped + 1]) + shift);
    axis.width.push_back(block.width(int(a), std::int64_t(wrapped)));
  }
  return axis;
}

double width_at(const Axes& axes, std::size_t a, const BlockIndex& at) {
  return axes[a].width[static_cast<std::size_t>(at[a] + 1)];
}

/// Area of the faces across axis `a` of the cell `at`.
double face_area(const Axes& axes, int dim, std::size_t a, const BlockIndex& at) {
  double area = 1;
  for (std::size_t o = 0; o < std::size_t(dim); ++o) {
    if (o != a) area *= width_at(axes, o, at);
  }
  return area;
}

void set_cell(Mesh& mesh, const Axes& axes, std::int32_t cell, const BlockIndex& at) {
  const BoxBlock& b = *mesh.box;
  const auto c = static_cast<std::size_t>(cell);
  std::array<std::int64_t, 3> global{};
  mesh.volume[c] = 1;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    const std::int64_t n = b.cells(int(a));
    mesh.volume[c] *= width_at(axes, a, at);
    mesh.center[c][a] = axes[a].center[std::size_t(at[a] + 1)];
    global[a] = (b.begin[a] + at[a] + n) % n;
  }
  mesh.global[c] = global[0] + b.cells(0) * (global[1] + b.cells(1) * global[2]);
}

void add_cells(Mesh& mesh, const Axes& axes, const GhostLayers& layers) {
  const auto n = static_cast<std::size_t>(mesh.local());
  mesh.volume.resize(n);
  mesh.center.resize(n);
  mesh.global.resize(n);
  for_each_cell(*mesh.box,
                [&](std::int32_t cell, const BlockIndex& at) { set_cell(mesh, axes, cell, at); });
  for (int a = 0; a < mesh.dimension; ++a) {
    for (int side = 0; side < 2; ++side) {
      const std::int32_t first = layers.first[std::size_t(a)][std::size_t(side)];
      if (first < 0) continue;
      for_each_in_layer(*mesh.box, a, side, [&](std::int32_t slot, BlockIndex at) {
        at[std::size_t(a)] += side == 0 ? -1 : 1;
        set_cell(mesh, axes, first + slot, at);
      });
    }
  }
}

void add_faces(Mesh& mesh, const Axes& axes, const GhostLayers& layers) {
  const auto n =
      std::size_t(mesh.dimension) * std::size_t(mesh.owned) + std::size_t(layers.total);  // at most
  mesh.faces.left.reserve(n);
  mesh.faces.right.reserve(n);
  mesh.faces.distance.reserve(n);
  mesh.faces.transmissibility.reserve(n);
  for_each_face(
      *mesh.box, layers,
      [&](int axis, const BlockIndex& at, std::int32_t left, std::int32_t right) {
        const auto a = static_cast<std::size_t>(axis);
        const auto above = static_cast<std::size_t>(at[a] + 1);  // the cell above the face
        const double distance = 0.5 * (axes[a].width[above - 1] + axes[a].width[above]);
        mesh.faces.left.push_back(left);
        mesh.faces.right.push_back(right);
        mesh.faces.distance.push_back(distance);
        mesh.faces.transmissibility.push_back(face_area(axes, mesh.dimension, a, at) / distance);
      });
}

void add_wall(Mesh& mesh, const Axes& axes, int axis, int side) {
  static const char* const names[] = {"x_min", "x_max", "y_min", "y_max", "z_min", "z_max"};
  const auto a = static_cast<std::size_t>(axis);
  mesh.boundary_names.emplace_back(names[2 * axis + side]);
  if (mesh.box->neighbour[a][std::size_t(side)] >= 0) return;  // the wall is another rank's
  for_each_in_layer(*mesh.box, axis, side, [&](std::int32_t, const BlockIndex& at) {
    const double half = 0.5 * width_at(axes, a, at);
    mesh.boundary.cell.push_back(local_cell(*mesh.box, at));
    mesh.boundary.tag.push_back(std::int32_t(mesh.boundary_names.size()) - 1);
    const double area = face_area(axes, mesh.dimension, a, at);
    mesh.boundary.transmissibility.push_back(area / half);
    mesh.boundary.area.push_back(area);
    mesh.boundary.distance.push_back(half);
    Point normal{};
    normal[a] = side == 1 ? 1 : -1;
    mesh.boundary.normal.push_back(normal);
  });
}

Halo make_halo(const BoxBlock& b, const GhostLayers& layers) {
  std::vector<Halo::Link> sends, receives;
  for (int axis = 0; axis < b.box.dimension; ++axis) {
    for (int side = 0; side < 2; ++side) {
      const auto a = static_cast<std::size_t>(axis), s = static_cast<std::size_t>(side);
      const int neighbour = b.neighbour[a][s];
      if (neighbour < 0) continue;
      // A tag names the side on which the message is received.
      Halo::Link send{neighbour, 2 * axis + (1 - side), {}},
          receive{neighbour, 2 * axis + side, {}};
      for_each_in_layer(b, axis, side, [&](std::int32_t slot, const BlockIndex& at) {
        send.cells.push_back(local_cell(b, at));
        receive.cells.push_back(layers.first[a][s] + slot);
      });
      sends.push_back(std::move(send));
      receives.push_back(std::move(receive));
    }
  }
  return {std::move(sends), std::move(receives)};
}

}  // namespace

Mesh make_box_mesh(const Comm& comm, const Box& box) {
  Mesh mesh(comm);
  mesh.box = cut_box(comm, box);
  const BoxBlock& b = *mesh.box;
  const GhostLayers layers(b);
  mesh.dimension = box.dimension;
  mesh.owned = b.size[0] * b.size[1] * b.size[2];
  mesh.ghosts = layers.total;
  mesh.global_cells = box.cells(0) * box.cells(1) * box.cells(2);

  const Axes axes{make_axis(b, 0), make_axis(b, 1), make_axis(b, 2)};
  add_cells(mesh, axes, layers);
  add_faces(mesh, axes, layers);
  for (int a = 0; a < box.dimension; ++a) {
    for (int side = 0; side < 2; ++side) {
      if (!box.periodic[std::size_t(a)]) add_wall(mesh, axes, a, side);
    }
  }
  mesh.halo = make_halo(b, layers);
  return mesh;
}

double integral(const Mesh& mesh, std::span<const double> values) {
  ReproducibleSum total;
  total.add(rows_of(mesh), [&](std::size_t c) { return mesh.volume[c] * values[c]; });
  return sum_of_all(mesh.comm, total);
}

}  // namespace otto
