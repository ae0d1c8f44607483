// Cells around the vertices of any mesh, bounded by medians, for fluxes from whole gradients
// (mesh/simplices.h). With the shape functions phi_v, linear on triangles and tetrahedra, linear in
// each coordinate of the reference cell on quadrilaterals and hexahedra,
//
//   vol_v = sum over cells of int phi_v,
//
// which integrates linear functions exactly from their values at the vertices. Gradients:
//
//   triangles, tetrahedra            the cell itself, with its measure as the weight
//   quadrilaterals, hexahedra        for each corner, the corner and the ends of its d edges, with
//                                    the weight J / 2^d, J the volume those edges span: the corner
//                                    rule, exact where phi_v meets a linear function in the plane
//
// Nothing is asked of the angles.

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "../file/topology.h"
#include "builders.h"
#include "dual_shapes.h"
#include "vertex_cells.h"

namespace otto::gmsh {

namespace {

/// int phi_v of the vertices of a cell. On quadrilaterals and hexahedra by Gauss's rule of two
/// points along each axis of the reference cell, which is exact.
std::array<double, 8> shape_integrals(std::uint8_t shape, const Corners& x) {
  const ShapeData& data = shape_data(shape);
  std::array<double, 8> result{};
  if (data.vertices == data.dimension + 1) {
    std::ranges::fill(result, measure(shape, x) / data.vertices);
    return result;
  }
  static constexpr double place[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                         {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
  const int points = data.vertices;  // as many as corners, one next to each
  for (int p = 0; p < points; ++p) {
    std::array<double, 8> phi{};
    std::array<Point, 3> column{};  // of the Jacobian matrix
    for (int v = 0; v < data.vertices; ++v) {
      std::array<double, 3> near{1, 1, 1}, slope{};
      for (std::size_t a = 0; a < std::size_t(data.dimension); ++a) {
        const double at = 0.5 + (place[p][a] - 0.5) / std::sqrt(3.0);
        near[a] = place[v][a] > 0 ? at : 1 - at;
        slope[a] = place[v][a] > 0 ? 1 : -1;
      }
      phi[std::size_t(v)] = near[0] * near[1] * near[2];
      for (std::size_t a = 0; a < std::size_t(data.dimension); ++a) {
        const double d = slope[a] * near[(a + 1) % 3] * near[(a + 2) % 3];
        column[a] = column[a] + d * x[std::size_t(v)];
      }
    }
    const double J = data.dimension == 2 ? cross(column[0], column[1])[2]
                                         : dot(column[0], cross(column[1], column[2]));
    for (int v = 0; v < data.vertices; ++v) {
      result[std::size_t(v)] += J * phi[std::size_t(v)] / points;
    }
  }
  return result;
}

class MedianBuilder {
 public:
  MedianBuilder(const Comm& comm, const Part& part) : part_(part), mesh_(comm) {
    for (std::size_t c = 0; c < part.cells.size(); ++c) order_.push_back(std::int32_t(c));
    std::ranges::sort(order_, {}, [&](std::int32_t c) { return cell(c).number; });
  }

  Mesh build() {
    mesh_.dimension = part_.dimension;
    mesh_.region_names = part_.region_names;
    mesh_.boundary_names = part_.boundary_names;
    mesh_.region_sets = part_.region_sets;
    mesh_.boundary_sets = part_.boundary_sets;
    choose_points();
    add_volumes();
    add_vertex_cells(mesh_, part_, chosen_, share_);
    add_simplices();
    add_couplings();
    add_boundary();
    set_extent(mesh_, part_);
    mesh_.centres_on_walls = true;
    set_dual_shapes(mesh_, part_, place_, order_, Bounds::medians);
    return std::move(mesh_);
  }

 private:
  const PartCell& cell(std::int32_t c) const { return part_.cells[std::size_t(c)]; }
  bool own(std::int32_t point) const {
    return part_.point_owner[std::size_t(point)] == mesh_.comm.rank();
  }

  /// Own points by number, then all others of the cells at them, by owner and number.
  void choose_points() {
    std::vector<bool> kept(part_.points.size(), false);
    for (const std::int32_t c : order_) {
      const auto vertices = vertices_of(cell(c));
      if (std::ranges::none_of(vertices, [&](std::int32_t v) { return own(v); })) continue;
      for (const std::int32_t v : vertices) kept[std::size_t(v)] = true;
    }
    auto cells = number_vertices(mesh_, part_, kept);
    chosen_ = std::move(cells.chosen);
    place_ = std::move(cells.place);
  }

  static std::span<const std::int32_t> vertices_of(const PartCell& c) {
    return std::span(c.vertex).first(std::size_t(shape_data(c.shape).vertices));
  }

  /// In the order of the cells' numbers, the same on every rank.
  void add_volumes() {
    mesh_.volume.assign(chosen_.size(), 0.0);
    share_.resize(chosen_.size());
    for (const std::int32_t c : order_) {
      const PartCell& K = cell(c);
      const auto vertices = vertices_of(K);
      const auto shares =
          shape_integrals(K.shape, corners_of(K, part_.points, int(vertices.size())));
      for (std::size_t v = 0; v < vertices.size(); ++v) {
        const std::int32_t at = place_[std::size_t(vertices[v])];
        if (at < 0) continue;
        mesh_.volume[std::size_t(at)] += shares[v];
        share_[std::size_t(at)][K.region] += shares[v];
      }
    }
  }

  /// Of the rank of their first point.
  void add_simplices() {
    auto all = std::make_shared<std::vector<Simplex>>();
    for_each_simplex(
        [&](const std::vector<std::int32_t>& points, std::int32_t region, double size) {
          if (own(points[0])) all->push_back(simplex_of(points, region, size));
        });
    mesh_.simplices = std::move(all);
  }

  /// An edge of the mesh. Two cells may share several, across different periods.
  struct EdgeFace {
    double s = 0;
    Point middle{}, across{};
  };
  using EdgeFaces = std::map<std::pair<std::int32_t, std::int32_t>, std::vector<EdgeFace>>;

  /// Of all simplices with an own point, and their edges as faces.
  void add_couplings() {
    auto all = std::make_shared<std::vector<Coupling>>();
    std::vector<std::vector<std::int32_t>> points_of;
    EdgeFaces faces;
    for_each_simplex(
        [&](const std::vector<std::int32_t>& points, std::int32_t region, double size) {
          if (std::ranges::none_of(points, [&](std::int32_t v) { return own(v); })) return;
          all->push_back(coupling_of(simplex_of(points, region, size), points));
          points_of.push_back(points);
          for_each_edge_of(all->back(), points,
                           [&](std::size_t pair, const auto& ends, const EdgeFace& e) {
                             if (std::min(ends.first, ends.second) >= mesh_.owned) return;
                             face_like(faces[ends], e).s += all->back().s[pair];
                           });
        });
    std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> first;
    for (const auto& [ends, edges] : faces) {
      first.emplace(ends, mesh_.faces.size());
      for (const EdgeFace& e : edges) add_face(ends, e);
    }
    for (std::size_t i = 0; i < all->size(); ++i) {
      Coupling& e = (*all)[i];
      e.face.fill(-1);
      for_each_edge_of(
          e, points_of[i], [&](std::size_t pair, const auto& ends, const EdgeFace& edge) {
            const auto at = first.find(ends);
            if (at == first.end()) return;
            auto& edges = faces[ends];
            e.face[pair] = at->second + std::int32_t(&face_like(edges, edge) - edges.data());
          });
    }
    mesh_.couplings = std::move(all);
  }

  /// visit(pair, ends, the edge between them) in the order of Coupling::s.
  template <class Visit>
  void for_each_edge_of(const Coupling& e, const std::vector<std::int32_t>& points,
                        Visit&& visit) const {
    std::size_t pair = 0;
    for (std::size_t j = 1; j < points.size(); ++j) {
      for (std::size_t i = 0; i < j; ++i, ++pair) {
        const auto ends = ends_of(e.cell[i], e.cell[j]);
        const bool forth = ends.first == e.cell[i];
        const Point &from = part_.points[std::size_t(points[forth ? i : j])],
                    &to = part_.points[std::size_t(points[forth ? j : i])];
        visit(pair, ends, EdgeFace{0, 0.5 * (from + to), to - from});
      }
    }
  }

  /// The edge with that vector, added where it is new.
  static EdgeFace& face_like(std::vector<EdgeFace>& edges, const EdgeFace& e) {
    const auto at = std::ranges::find_if(edges, [&](const EdgeFace& other) {
      return norm(other.across - e.across) <= 1e-5 * norm(e.across);
    });
    return at == edges.end() ? edges.emplace_back(e) : *at;
  }

  void add_face(const std::pair<std::int32_t, std::int32_t>& ends, const EdgeFace& face) {
    Faces& faces = mesh_.faces;
    faces.left.push_back(ends.first);
    faces.right.push_back(ends.second);
    faces.transmissibility.push_back(face.s);
    faces.distance.push_back(norm(face.across));
    const Point between =
        mesh_.center[std::size_t(ends.second)] - mesh_.center[std::size_t(ends.first)];
    if (norm(between - face.across) > 1e-6 * norm(face.across)) {
      faces.moved.push_back({faces.size() - 1, face.middle, face.across});
    }
  }

  /// Two cells, the one of the lower number first.
  std::pair<std::int32_t, std::int32_t> ends_of(std::int32_t K, std::int32_t L) const {
    const bool forth = mesh_.global[std::size_t(K)] < mesh_.global[std::size_t(L)];
    return forth ? std::pair(K, L) : std::pair(L, K);
  }

  Coupling coupling_of(const Simplex& simplex, const std::vector<std::int32_t>& points) const {
    Coupling e{.cell = simplex.cell, .edge = simplex.edge, .region = simplex.region};
    const auto d = Eigen::Index(part_.dimension);
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, 0, 3, 3> E(d, d);
    for (Eigen::Index i = 0; i < d; ++i) {
      for (Eigen::Index a = 0; a < d; ++a) {
        E(i, a) = simplex.edge[std::size_t(i)][std::size_t(a)];
      }
    }
    const auto S = (simplex.weight * (E * E.transpose()).inverse()).eval();
    std::size_t pair = 0;
    for (Eigen::Index j = 1; j <= d; ++j) {
      e.s[pair++] = S.row(j - 1).sum();
      for (Eigen::Index i = 1; i < j; ++i) e.s[pair++] = -0.5 * (S(i - 1, j - 1) + S(j - 1, i - 1));
    }
    for (const std::int32_t v : points) {
      e.middle = e.middle + (1.0 / double(points.size())) * part_.points[std::size_t(v)];
    }
    return e;
  }

  /// visit(points, region, weight; 0: that of a corner). The first point is that of the least number
  /// in triangles and tetrahedra, the corner in the others.
  template <class Visit>
  void for_each_simplex(Visit&& visit) const {
    for (const std::int32_t c : order_) {
      const PartCell& K = cell(c);
      const auto vertices = vertices_of(K);
      if (int(vertices.size()) == part_.dimension + 1) {
        std::vector<std::int32_t> sorted(vertices.begin(), vertices.end());
        std::ranges::sort(sorted, {},
                          [&](std::int32_t v) { return part_.point_number[std::size_t(v)]; });
        const double size = measure(K.shape, corners_of(K, part_.points, int(vertices.size())));
        visit(sorted, K.region, size);
        continue;
      }
      for (std::size_t corner = 0; corner < vertices.size(); ++corner) {
        std::vector<std::int32_t> group{vertices[corner]};
        for_each_edge(K, [&](std::int32_t v, std::int32_t w) {
          if (v == group[0]) group.push_back(w);
          if (w == group[0]) group.push_back(v);
        });
        visit(group, K.region, 0.0);
      }
    }
  }

  /// `weight` 0: that of a corner.
  Simplex simplex_of(const std::vector<std::int32_t>& points, std::int32_t region,
                     double weight) const {
    Simplex s{.edges = part_.dimension, .region = region, .weight = weight};
    s.cell[0] = place_[std::size_t(points[0])];
    for (std::size_t i = 0; i + 1 < points.size(); ++i) {
      s.cell[i + 1] = place_[std::size_t(points[i + 1])];
      s.edge[i] = part_.points[std::size_t(points[i + 1])] - part_.points[std::size_t(points[0])];
    }
    if (weight == 0) {
      const double J = part_.dimension == 2 ? cross(s.edge[0], s.edge[1])[2]
                                            : dot(s.edge[0], cross(s.edge[1], s.edge[2]));
      s.weight = std::abs(J) / double(1 << part_.dimension);
    }
    return s;
  }

  /// The walls run through the points of their cells.
  void add_boundary() {
    const auto tags = tags_of_sides(part_);
    const auto sides = sides_across_periods(part_);
    for_each_side(sides, [&](std::size_t begin, std::size_t end) {
      if (end - begin != 1) return;
      const PartCell& K = cell(sides[begin].cell);
      const ShapeData& data = shape_data(K.shape);
      const int side = sides[begin].side;
      const Point A = side_area(K.shape, corners_of(K, part_.points, data.vertices), side);
      const auto found = tags.find(sides[begin].key);
      for (int i = 0; i < data.side_vertices; ++i) {
        const auto v = K.vertex[std::size_t(data.side[std::size_t(side)][std::size_t(i)])];
        const std::int32_t at = place_[std::size_t(v)];
        if (at < 0 || at >= mesh_.owned) continue;  // only an owned one has all its sides here
        mesh_.boundary.cell.push_back(at);
        mesh_.boundary.tag.push_back(found == tags.end() ? -1 : found->second);
        mesh_.boundary.area.push_back(norm(A) / data.side_vertices);
        mesh_.boundary.distance.push_back(0);
        mesh_.boundary.normal.push_back((1 / norm(A)) * A);
        mesh_.boundary.transmissibility.push_back(INFINITY);
      }
    });
  }

  const Part& part_;
  Mesh mesh_;
  std::vector<std::int32_t> order_;  ///< the cells of the part by number
  std::vector<std::int32_t> chosen_, place_;
  std::vector<std::map<std::int32_t, double>> share_;
};

}  // namespace

Mesh median_centred(const Comm& comm, const Part& part) {
  return MedianBuilder(comm, part).build();
}

}  // namespace otto::gmsh
