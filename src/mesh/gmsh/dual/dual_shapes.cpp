#include "dual_shapes.h"

#include <algorithm>
#include <cmath>

#include "vertex_cells.h"

namespace otto::gmsh {

namespace {

constexpr std::uint8_t polygon = 7, convex_point_set = 41;

/// Corners and simplices of the dual cells, gathered cell of the file by cell of the file.
class Gathering {
 public:
  Gathering(const Mesh& mesh, const Part& part, const std::vector<std::int32_t>& place, Bounds by)
      : owned_(std::size_t(mesh.owned)),
        part_(part),
        place_(place),
        centre_(mesh.center),
        medians_(by == Bounds::medians),
        corners_(owned_),
        pieces_(owned_) {}

  void add(const PartCell& cell) {
    const ShapeData& data = shape_data(cell.shape);
    const Corners x = corners_of(cell, part_.points, data.vertices);
    const Point c = medians_ ? middle(cell.shape, x) : circumcentre(cell.shape, x);
    for (int s = 0; s < data.sides; ++s) {
      const auto& ring = data.side[std::size_t(s)];
      const Point on = data.dimension == 2 ? Point{} : side_centre(cell, s);
      for (int i = 0; i < (data.dimension == 2 ? 1 : data.side_vertices); ++i) {
        const std::int32_t v = cell.vertex[std::size_t(ring[std::size_t(i)])];
        const std::int32_t w =
            cell.vertex[std::size_t(ring[std::size_t((i + 1) % data.side_vertices)])];
        const Point m = 0.5 * (point(v) + point(w));
        // Positive where c lies inside: (v, m, c), then (m, w, c).
        if (data.dimension == 2) {
          piece(v, {point(v), m, c, Point{}});
          piece(w, {m, point(w), c, Point{}});
        } else {  // the side's ring runs around its outward normal
          piece(v, {point(v), on, m, c});
          piece(w, {m, on, point(w), c});
        }
        for (const std::int32_t end : {v, w}) {
          if (medians_) corner(end, m);  // bisectors meet there in a plane, medians at an angle
          if (medians_ && data.dimension == 3) corner(end, on);
        }
      }
    }
    for (int v = 0; v < data.vertices; ++v) corner(cell.vertex[std::size_t(v)], c);
  }

  /// What a wall adds to the outline of the cells at it.
  void add_wall(const PartCell& cell, int s) {
    const ShapeData& data = shape_data(cell.shape);
    const auto& ring = data.side[std::size_t(s)];
    for (int i = 0; i < data.side_vertices; ++i) {
      const std::int32_t v = cell.vertex[std::size_t(ring[std::size_t(i)])];
      const std::int32_t w =
          cell.vertex[std::size_t(ring[std::size_t((i + 1) % data.side_vertices)])];
      corner(v, point(v));
      if (data.dimension == 3) corner(v, side_centre(cell, s));
      const Point m = 0.5 * (point(v) + point(w));
      corner(v, m);
      corner(w, m);
    }
  }

  void write(Mesh& mesh) {
    auto shapes = std::make_shared<CellShapes>();
    auto pieces = std::make_shared<CellPieces>();
    shapes->offsets.push_back(0);
    pieces->simplices.offsets.push_back(0);
    pieces->first.push_back(0);
    for (std::size_t k = 0; k < owned_; ++k) {
      drop_repeated(corners_[k], std::pow(mesh.volume[k], 1.0 / part_.dimension));
      if (part_.dimension == 2) sort_around(corners_[k], mesh.center[k], medians_ ? 1e-3 : 1.0);
      put(*shapes, part_.dimension == 2 ? polygon : convex_point_set, corners_[k]);
      for (const auto& p : pieces_[k]) {
        put(pieces->simplices,
            part_.dimension == 2 ? std::uint8_t(triangle) : std::uint8_t(tetrahedron),
            std::span(p).first(std::size_t(part_.dimension) + 1));
      }
      pieces->first.push_back(std::int64_t(pieces->simplices.types.size()));
    }
    mesh.shapes = std::move(shapes);
    mesh.pieces = std::move(pieces);
  }

 private:
  using Piece = std::array<Point, 4>;

  Point side_centre(const PartCell& cell, int s) const {
    if (!medians_) return side_circumcentre(cell, part_.points, s);
    const int n = shape_data(cell.shape).vertices;
    return side_middle(cell.shape, corners_of(cell, part_.points, n), s);
  }
  Point point(std::int32_t v) const { return part_.points[std::size_t(v)]; }
  bool own(std::int32_t v) const {
    return place_[std::size_t(v)] >= 0 && std::size_t(place_[std::size_t(v)]) < owned_;
  }
  /// Where it is in the file, for what is averaged over cells: functions of x may jump across a period.
  void piece(std::int32_t v, const Piece& p) {
    if (own(v)) pieces_[std::size_t(place_[std::size_t(v)])].push_back(p);
  }
  void corner(std::int32_t v, const Point& x) {
    if (own(v)) corners_[std::size_t(place_[std::size_t(v)])].push_back(at_cell(v, x));
  }
  /// Beside the centre of the cell of v, which another copy of v may be across a period.
  Point at_cell(std::int32_t v, const Point& x) const {
    if (part_.periods.empty()) return x;
    return x + (centre_[std::size_t(place_[std::size_t(v)])] - point(v));
  }

  static void drop_repeated(std::vector<Point>& points, double size) {
    std::vector<Point> kept;
    for (const Point& x : points) {
      if (std::ranges::none_of(kept, [&](const Point& y) { return norm(x - y) < 1e-9 * size; })) {
        kept.push_back(x);
      }
    }
    points = std::move(kept);
  }

  /// Round a point that sees all corners: of a convex cell their mean, of one bounded by medians a
  /// place next to its vertex in that direction.
  static void sort_around(std::vector<Point>& points, const Point& near, double towards_mean) {
    Point m{};
    for (const Point& x : points) m = m + (towards_mean / double(points.size())) * (x - near);
    std::ranges::sort(points, {}, [&](const Point& x) {
      return std::atan2(x[1] - near[1] - m[1], x[0] - near[0] - m[0]);
    });
  }

  static void put(CellShapes& shapes, std::uint8_t type, std::span<const Point> corners) {
    for (const Point& x : corners) {
      shapes.connectivity.push_back(std::int64_t(shapes.points.size()));
      shapes.points.push_back(x);
    }
    shapes.offsets.push_back(std::int64_t(shapes.connectivity.size()));
    shapes.types.push_back(type);
  }

  std::size_t owned_;
  const Part& part_;
  const std::vector<std::int32_t>& place_;
  const std::vector<Point>& centre_;
  bool medians_;
  std::vector<std::vector<Point>> corners_;
  std::vector<std::vector<Piece>> pieces_;
};

}  // namespace

void set_dual_shapes(Mesh& mesh, const Part& part, const std::vector<std::int32_t>& place,
                     const std::vector<std::int32_t>& order, Bounds by) {
  Gathering gathering(mesh, part, place, by);
  for (const std::int32_t c : order) gathering.add(part.cells[std::size_t(c)]);
  const auto sides = sides_across_periods(part);
  for_each_side(sides, [&](std::size_t begin, std::size_t end) {
    if (end - begin == 1) {
      gathering.add_wall(part.cells[std::size_t(sides[begin].cell)], sides[begin].side);
    }
  });
  gathering.write(mesh);
}

}  // namespace otto::gmsh
