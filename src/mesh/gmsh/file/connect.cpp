#include "connect.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "crossing.h"
#include "topology.h"

namespace otto::gmsh {

namespace {

class Connector {
 public:
  explicit Connector(const RawMesh& mesh)
      : mesh_(mesh), sides_(sorted_sides(mesh.cells)), joined_(mesh.cells.size()) {}

  Connections run() {
    for_each_side(sides_, [&](std::size_t begin, std::size_t end) {
      if (end - begin > 2) refuse_third(begin);
      if (end - begin == 2) pair(sides_[begin], sides_[begin + 1]);
    });
    for (const PeriodicLink& link : mesh_.periodic) join_periodic(link);
    find_faces();
    Connections c;
    c.graph = graph();
    for (std::size_t k = 0; k < mesh_.cells.size(); ++k) {
      c.cluster.push_back(joined_.root(std::int32_t(k)));
    }
    c.periods = std::move(periods_);
    c.face_cell = std::move(face_cell_);
    return c;
  }

 private:
  const Element& cell(std::int32_t k) const { return mesh_.cells[std::size_t(k)]; }
  Corners corners(std::int32_t k) const {
    return corners_of(cell(k), mesh_.points, shape_data(cell(k).shape).vertices);
  }
  Point middle_of(std::int32_t k) const { return middle(cell(k).shape, corners(k)); }

  std::string where(const Point& x) const {
    return mesh_.dimension == 2 ? fmt::format("({:.6g}, {:.6g})", x[0], x[1])
                                : fmt::format("({:.6g}, {:.6g}, {:.6g})", x[0], x[1], x[2]);
  }

  [[noreturn]] void refuse_third(std::size_t begin) const {
    const auto number = [&](std::size_t i) { return cell(sides_[begin + i].cell).number; };
    mesh_.fail(
        fmt::format("the elements {}, {} and {} share one side at {}: surfaces or volumes "
                    "overlap; cut them where they meet (BooleanFragments)",
                    number(0), number(1), number(2), where(middle_of(sides_[begin].cell))));
  }

  void pair(const CellSide& a, const CellSide& b) {
    links_.emplace_back(a.cell, b.cell);
    const Corners x = corners(a.cell), y = corners(b.cell);
    const Point area = side_area(cell(a.cell).shape, x, a.side);
    const Point on = side_middle(cell(a.cell).shape, x, a.side);
    if (norm(middle_of(a.cell) - middle_of(b.cell)) == 0) {
      mesh_.fail(
          fmt::format("the elements {} and {} fill the same place; mesh the geometry again, each "
                      "surface or volume once",
                      cell(a.cell).number, cell(b.cell).number));
    }
    if (dot(middle(cell(b.cell).shape, y) - on, area) <= 0) {
      mesh_.fail(
          fmt::format("the elements {} and {} lie on the same side of their common side at "
                      "{}: one of them is inverted, or the mesh is folded; mesh the geometry "
                      "again",
                      cell(a.cell).number, cell(b.cell).number, where(on)));
    }
    const Crossing c = crossing(circumcentre(cell(a.cell).shape, x),
                                circumcentre(cell(b.cell).shape, y), area, mesh_.dimension);
    if (one_centre(c)) joined_.join(a.cell, b.cell);
  }

  /// The one cell with this side; null if it has none or two.
  const CellSide* boundary_side(const SideKey& key) const {
    const auto at = std::ranges::lower_bound(sides_, key, {}, &CellSide::key);
    if (at == sides_.end() || at->key != key) return nullptr;
    const auto next = at + 1;
    return next == sides_.end() || next->key != key ? &*at : nullptr;
  }

  void join_periodic(const PeriodicLink& link) {
    std::unordered_map<std::int32_t, std::int32_t> original;
    for (const auto& [copy, of] : link.pairs) original[copy] = of;
    const auto known = [&](std::int32_t v) { return v < 0 || original.contains(v); };
    for_each_side(sides_, [&](std::size_t begin, std::size_t end) {
      const SideKey& key = sides_[begin].key;
      if (end - begin != 1 || !std::ranges::all_of(key, known)) return;
      SideKey there = key;
      for (auto& v : there) v = v < 0 ? v : original[v];
      std::ranges::sort(there);
      const CellSide* other = boundary_side(there);
      if (!other || other->key == key) return;
      add_period(sides_[begin], *other, original);
    });
  }

  void add_period(const CellSide& copy, const CellSide& of,
                  const std::unordered_map<std::int32_t, std::int32_t>& original) {
    PeriodicPair period{.cell = copy.cell, .other = of.cell, .vertices = {}};
    for (const std::int32_t v : copy.key) {
      if (v >= 0) period.vertices.emplace_back(v, original.at(v));
    }
    const auto point = [&](std::int32_t v) { return mesh_.points[std::size_t(v)]; };
    for (const auto& [v, w] : period.vertices) {
      period.shift = period.shift + (1.0 / double(period.vertices.size())) * (point(v) - point(w));
    }
    const double size = norm(point(period.vertices[0].first) - point(period.vertices[1].first));
    for (const auto& [v, w] : period.vertices) {
      if (norm(point(v) - point(w) - period.shift) <= 1e-6 * size) continue;
      mesh_.fail(
          fmt::format("the periodic side at {} is turned against its original; Otto takes "
                      "translations only (Periodic Curve {{a}} = {{b}} Translate {{...}})",
                      where(point(v))));
    }
    if (copy.cell == of.cell) {
      mesh_.fail("a cell is its own periodic neighbour; mesh the period more finely");
    }
    periodic_sides_.insert(periodic_sides_.end(), {copy.key, of.key});
    links_.emplace_back(copy.cell, of.cell);
    periods_.push_back(std::move(period));
  }

  void find_faces() {
    std::ranges::sort(periodic_sides_);
    for (const Element& face : mesh_.faces) {
      const SideKey key = own_key(face);
      const CellSide* side = boundary_side(key);
      const bool wall = side && !std::ranges::binary_search(periodic_sides_, key);
      face_cell_.push_back(wall ? side->cell : -1);
    }
  }

  Graph graph() const {
    Graph g;
    const std::size_t n = mesh_.cells.size();
    g.begin.assign(n + 1, 0);
    for (const auto& [a, b] : links_) {
      ++g.begin[std::size_t(a) + 1];
      ++g.begin[std::size_t(b) + 1];
    }
    for (std::size_t k = 0; k < n; ++k) g.begin[k + 1] += g.begin[k];
    g.neighbour.resize(2 * links_.size());
    std::vector<std::int32_t> next(g.begin.begin(), g.begin.end() - 1);
    for (const auto& [a, b] : links_) {
      g.neighbour[std::size_t(next[std::size_t(a)]++)] = b;
      g.neighbour[std::size_t(next[std::size_t(b)]++)] = a;
    }
    return g;
  }

  const RawMesh& mesh_;
  std::vector<CellSide> sides_;
  Joined joined_;
  std::vector<std::pair<std::int32_t, std::int32_t>> links_;
  std::vector<PeriodicPair> periods_;
  std::vector<std::int32_t> face_cell_;
  std::vector<SideKey> periodic_sides_;
};

}  // namespace

Connections connect(const RawMesh& mesh) { return Connector(mesh).run(); }

}  // namespace otto::gmsh
