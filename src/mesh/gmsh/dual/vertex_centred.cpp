// Cells around the vertices: the Voronoi (perpendicular-bisector) dual. In a cell of the file with
// circumcentre c, an edge e = (v, w) with middle m and, in 3-D, a side s with circumcentre c_s,
//
//   dual face of e   2-D: the segment m c;  3-D: the triangles m c_s c, one for each side with e
//   a_e     = |dual face| / |e|
//   vol_v   = the simplices v m c (2-D), v m c_s c (3-D) of all its edges and sides,
//
// all of them signed, so that sums are right where circumcentres lie outside their cell. The line
// from v to w is orthogonal to the dual face whatever the mesh. a_e > 0 on every Delaunay mesh
// whose walls see no obtuse angle; a_e = 0 where two cells of one circumcircle meet, and there is
// no face.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "../file/crossing.h"
#include "../file/topology.h"
#include "builders.h"
#include "dual_shapes.h"
#include "otto/core/error.h"
#include "vertex_cells.h"

namespace otto::gmsh {

namespace {

constexpr double none = 1e-10;       ///< dual areas below this, over the cell's size, are 0
constexpr double off_circle = 1e-5;  ///< corners may be off their circle by this, over the radius

class Builder {
 public:
  Builder(const Comm& comm, const Part& part) : part_(part), mesh_(comm) {
    by_number_.resize(part.cells.size());
    std::iota(by_number_.begin(), by_number_.end(), 0);
    std::ranges::sort(by_number_, {}, [&](std::int32_t c) { return cell(c).number; });
  }

  Mesh build() {
    mesh_.dimension = part_.dimension;
    mesh_.region_names = part_.region_names;
    mesh_.boundary_names = part_.boundary_names;
    mesh_.region_sets = part_.region_sets;
    mesh_.boundary_sets = part_.boundary_sets;
    mesh_.comm.together([&] { check_circles(); });
    choose_points();
    measure_dual();
    add_vertex_cells(mesh_, part_, chosen_, share_);
    add_faces();
    add_boundary();
    judge();
    set_extent(mesh_, part_);
    mesh_.centres_on_walls = true;
    set_dual_shapes(mesh_, part_, place_, by_number_, Bounds::bisectors);
    return std::move(mesh_);
  }

 private:
  const PartCell& cell(std::int32_t c) const { return part_.cells[std::size_t(c)]; }
  Corners corners(const PartCell& c) const {
    return corners_of(c, part_.points, shape_data(c.shape).vertices);
  }

  /// Quadrilaterals and hexahedra need a circumcentre too.
  void check_circles() const {
    for (const PartCell& c : part_.cells) {
      const Corners x = corners(c);
      const Point m = circumcentre(c.shape, x);
      const double radius = norm(x[0] - m);
      for (int v = 1; v < shape_data(c.shape).vertices; ++v) {
        if (std::abs(norm(x[std::size_t(v)] - m) - radius) <= off_circle * radius) continue;
        throw InputError(
            fmt::format("{}: the corners of element {} do not lie on one circle, so it "
                        "has no part in a Voronoi dual; mesh with triangles or "
                        "tetrahedra instead, or take mesh.control_volumes = \"medians\"",
                        part_.file, c.element));
      }
    }
  }

  /// Own points by number, then the others that share an edge with one, by owner and number.
  void choose_points() {
    std::vector<bool> kept(part_.points.size(), false);
    const auto own = [&](std::int32_t v) {
      return part_.point_owner[std::size_t(v)] == mesh_.comm.rank();
    };
    for (const std::int32_t c : by_number_) {
      for_each_edge(cell(c), [&](std::int32_t v, std::int32_t w) {
        if (own(v) || own(w)) kept[std::size_t(v)] = kept[std::size_t(w)] = true;
      });
    }
    auto cells = number_vertices(mesh_, part_, kept);
    chosen_ = std::move(cells.chosen);
    place_ = std::move(cells.place);
  }

  /// Sums over the cells in the order of their numbers, the same on every rank.
  void measure_dual() {
    mesh_.volume.assign(chosen_.size(), 0.0);
    share_.resize(chosen_.size());
    for (const std::int32_t c : by_number_) {
      const PartCell& K = cell(c);
      for_each_dual_piece(K, part_.points, [&](std::int32_t v, std::int32_t w, double area) {
        const double length = norm(part_.points[std::size_t(w)] - part_.points[std::size_t(v)]);
        for (const std::int32_t end : {v, w}) {
          const std::int32_t at = place_[std::size_t(end)];
          if (at < 0) continue;
          const double part = area * 0.5 * length / part_.dimension;
          mesh_.volume[std::size_t(at)] += part;
          share_[std::size_t(at)][K.region] += part;
        }
        const std::int32_t p = place_[std::size_t(v)], q = place_[std::size_t(w)];
        if (p < 0 || q < 0) return;
        if (p >= mesh_.owned && q >= mesh_.owned) return;
        const bool forth = number(p) < number(q);
        Dual& dual = dual_[forth ? std::pair(p, q) : std::pair(q, p)];
        dual.area += area;
        dual.length = length;
        dual.element = K.element;
      });
    }
  }

  std::int64_t number(std::int32_t place) const {
    return part_.point_number[std::size_t(chosen_[std::size_t(place)])];
  }

  void add_faces() {
    for (const auto& [ends, dual] : dual_) {
      const double size =
          part_.dimension == 2 ? dual.length : dual.length * dual.length;  // of a good dual face
      if (dual.area < worst_.relative * size) {
        worst_ = {
            dual.area / size, dual.element,
            0.5 * (mesh_.center[std::size_t(ends.first)] + mesh_.center[std::size_t(ends.second)])};
      }
      if (dual.area < -none * size) ++bad_;
      if (std::abs(dual.area) <= none * size) continue;
      mesh_.faces.left.push_back(ends.first);
      mesh_.faces.right.push_back(ends.second);
      mesh_.faces.distance.push_back(dual.length);
      mesh_.faces.transmissibility.push_back(dual.area / dual.length);
    }
  }

  /// The walls run through the centres of their cells.
  void add_boundary() {
    std::map<SideKey, std::int32_t> tags;
    for (const TaggedSide& s : part_.sides) tags.emplace(own_key(s), s.tag);
    const auto sides = sorted_sides(part_.cells);
    for_each_side(sides, [&](std::size_t begin, std::size_t end) {
      if (end - begin != 1) return;
      const CellSide& s = sides[begin];
      const PartCell& c = cell(s.cell);
      const Point A = side_area(c.shape, corners(c), s.side), n = (1 / norm(A)) * A;
      const auto found = tags.find(s.key);
      const std::int32_t tag = found == tags.end() ? -1 : found->second;
      for (const auto& [v, area] : shares_of_side(c, part_.points, s.side)) {
        const std::int32_t at = place_[std::size_t(v)];
        if (at < 0 || at >= mesh_.owned) continue;  // only an owned one has all its sides here
        mesh_.boundary.cell.push_back(at);
        mesh_.boundary.tag.push_back(tag);
        mesh_.boundary.area.push_back(area);
        mesh_.boundary.distance.push_back(0);
        mesh_.boundary.normal.push_back(n);
        mesh_.boundary.transmissibility.push_back(INFINITY);
      }
    });
  }

  void judge() const {
    const Comm& comm = mesh_.comm;
    const double worst = comm.min(worst_.relative);
    const std::int64_t bad = comm.sum(bad_);
    comm.together([&] {
      if (bad > 0 && worst_.relative == worst) {
        throw InputError(fmt::format(
            "{}: around the vertices the dual face of the edge at ({:.6g}, {:.6g}, {:.6g}), in "
            "element {}, has a negative area ({:.3g} of its size), and {} are like it: the mesh is "
            "not Delaunay there, or an obtuse angle faces a wall. Mesh it again without smoothing "
            "and optimisation, finer at that wall, or take mesh.control_volumes = \"auto\"",
            part_.file, worst_.at[0], worst_.at[1], worst_.at[2], worst_.element, worst_.relative,
            bad));
      }
      for (std::size_t i = 0; i < std::size_t(mesh_.owned); ++i) {
        if (mesh_.volume[i] > 0) continue;
        const Point& x = mesh_.center[i];
        throw InputError(
            fmt::format("{}: the cell around the vertex at ({:.6g}, {:.6g}, {:.6g}) has "
                        "the volume {:.3g}: obtuse angles face the walls there; mesh it "
                        "more finely",
                        part_.file, x[0], x[1], x[2], mesh_.volume[i]));
      }
    });
  }

  struct Dual {
    double area = 0, length = 0;
    std::int64_t element = 0;
  };
  struct Worst {
    double relative = 1e300;
    std::int64_t element = 0;
    Point at{};
  };

  const Part& part_;
  Mesh mesh_;
  std::vector<std::int32_t> by_number_, chosen_, place_;
  std::vector<std::map<std::int32_t, double>> share_;
  std::map<std::pair<std::int32_t, std::int32_t>, Dual> dual_;
  Worst worst_;
  std::int64_t bad_ = 0;
};

}  // namespace

Mesh vertex_centred(const Comm& comm, const Part& part) { return Builder(comm, part).build(); }

}  // namespace otto::gmsh
