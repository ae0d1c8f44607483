// Cells with their circumcentres x_K. Both ends of x_L - x_K have the same distance to every corner
// of the common side s, so the line between them is orthogonal to it, and
//
//   a = |s| / d,     d = (x_L - x_K) . n.
//
// d < 0 where a Delaunay condition fails: no flux is consistent there. d = 0 where all corners of
// both cells lie on one circle (sphere): such cells are one, and are joined.

#include <algorithm>
#include <map>

#include "../file/crossing.h"
#include "../file/topology.h"
#include "admissibility.h"
#include "builders.h"
#include "otto/mesh/numbering.h"
#include "otto/mesh/region.h"
#include "periodic_faces.h"
#include "shapes.h"

namespace otto::gmsh {

namespace {

/// Cells of one circumcircle, in the order in which they become cells of the mesh.
struct Groups {
  std::vector<std::int32_t> of;                    ///< the group of each cell of the part
  std::vector<std::vector<std::int32_t>> members;  ///< least number first
};

class Builder {
 public:
  Builder(const Comm& comm, const Part& part)
      : part_(part), sides_(sorted_sides(part.cells)), mesh_(comm), worst_(comm, part) {
    for (const PartCell& c : part.cells) centre_.push_back(circumcentre(c.shape, corners(c)));
  }

  Mesh build() {
    mesh_.dimension = part_.dimension;
    mesh_.region_names = part_.region_names;
    mesh_.boundary_names = part_.boundary_names;
    mesh_.region_sets = part_.region_sets;
    mesh_.boundary_sets = part_.boundary_sets;
    join();
    choose_cells();
    add_cells();
    add_faces();
    agree_on_periods(mesh_, owners_, images_);
    add_boundary();
    mesh_.quality = worst_.judge(mesh_);
    set_shapes(mesh_, part_, groups_.members);
    number_without_gaps();
    set_extent(mesh_, part_);
    mesh_.region_volume = region_volumes(mesh_);
    return std::move(mesh_);
  }

 private:
  const PartCell& cell(std::int32_t c) const { return part_.cells[std::size_t(c)]; }
  Corners corners(const PartCell& c) const {
    return corners_of(c, part_.points, shape_data(c.shape).vertices);
  }

  /// The sides of two cells, the one with the lower number first.
  template <class Visit>
  void for_each_pair(Visit&& visit) const {
    for_each_side(sides_, [&](std::size_t begin, std::size_t end) {
      if (end - begin != 2) return;
      const CellSide &a = sides_[begin], &b = sides_[begin + 1];
      cell(a.cell).number < cell(b.cell).number ? visit(a, b) : visit(b, a);
    });
  }

  Point area(const CellSide& s) const {
    return side_area(cell(s.cell).shape, corners(cell(s.cell)), s.side);
  }

  void join() {
    Joined joined(part_.cells.size());
    for_each_pair([&](const CellSide& a, const CellSide& b) {
      const PartCell &K = cell(a.cell), &L = cell(b.cell);
      if (K.cluster != L.cluster || K.image != L.image || K.region != L.region) return;
      const Crossing c = crossing(centre_[std::size_t(a.cell)], centre_[std::size_t(b.cell)],
                                  area(a), part_.dimension);
      if (one_centre(c)) joined.join(a.cell, b.cell);
    });
    groups_.of.assign(part_.cells.size(), -1);
    for (std::int32_t c = 0; c < std::int32_t(part_.cells.size()); ++c) {
      auto& group = groups_.of[std::size_t(joined.root(c))];
      if (group < 0) {
        group = std::int32_t(groups_.members.size());
        groups_.members.emplace_back();
      }
      groups_.of[std::size_t(c)] = group;
      groups_.members[std::size_t(group)].push_back(c);
    }
    for (auto& members : groups_.members) {
      std::ranges::sort(members, {}, [&](std::int32_t c) { return cell(c).number; });
    }
  }

  const PartCell& first_of(std::int32_t group) const {
    return cell(groups_.members[std::size_t(group)].front());
  }

  /// Own groups by number, then the copies that share a side with one, by owner and number.
  void choose_cells() {
    std::vector<bool> kept(groups_.members.size(), false);
    for (std::size_t g = 0; g < kept.size(); ++g) kept[g] = !first_of(std::int32_t(g)).ghost;
    for_each_pair([&](const CellSide& a, const CellSide& b) {
      const auto g = std::size_t(groups_.of[std::size_t(a.cell)]),
                 h = std::size_t(groups_.of[std::size_t(b.cell)]);
      if (!cell(a.cell).ghost) kept[h] = true;
      if (!cell(b.cell).ghost) kept[g] = true;
    });
    std::vector<std::int32_t> order;
    for (std::size_t g = 0; g < kept.size(); ++g) {
      if (kept[g]) order.push_back(std::int32_t(g));
    }
    const auto key = [&](std::int32_t g) {
      const PartCell& c = first_of(g);
      return std::tuple(c.ghost, c.ghost ? c.owner : 0, c.number, c.image);
    };
    std::ranges::sort(order, {}, key);
    Groups chosen;
    std::vector<std::int32_t> place(kept.size(), -1);
    for (const std::int32_t g : order) {
      place[std::size_t(g)] = std::int32_t(chosen.members.size());
      chosen.members.push_back(std::move(groups_.members[std::size_t(g)]));
    }
    for (const std::int32_t g : groups_.of) chosen.of.push_back(place[std::size_t(g)]);
    groups_ = std::move(chosen);
  }

  void add_cells() {
    for (const auto& members : groups_.members) {
      const PartCell& first = cell(members.front());
      double volume = 0;
      for (const std::int32_t c : members) volume += measure(cell(c).shape, corners(cell(c)));
      mesh_.volume.push_back(volume);
      mesh_.center.push_back(centre_[std::size_t(members.front())]);
      mesh_.global.push_back(first.number);
      mesh_.region.push_back(first.region);
      if (first.ghost) {
        ++mesh_.ghosts;
        owners_.push_back(first.owner);
        images_.push_back(first.image);
      } else {
        ++mesh_.owned;
        mesh_.quality.joined += std::int64_t(members.size()) - 1;
      }
    }
    const auto owned = std::size_t(mesh_.owned);
    const std::span<const std::int64_t> numbers(mesh_.global);
    mesh_.halo = make_halo(mesh_.comm, numbers.first(owned), numbers.subspan(owned), owners_);
  }

  /// Sides between the same two cells are one face.
  void add_faces() {
    struct Found {
      std::int32_t left, right;
      CellSide side;
    };
    std::vector<Found> found;
    for_each_pair([&](const CellSide& a, const CellSide& b) {
      const std::int32_t K = groups_.of[std::size_t(a.cell)], L = groups_.of[std::size_t(b.cell)];
      if (K == L || (cell(a.cell).ghost && cell(b.cell).ghost)) return;
      // The numbers of the joined cells decide the direction, as on every rank.
      const bool forth = first_of(K).number < first_of(L).number;
      found.push_back(forth ? Found{K, L, a} : Found{L, K, b});
    });
    std::ranges::sort(found, [](const Found& a, const Found& b) {
      return std::tie(a.left, a.right) < std::tie(b.left, b.right);
    });
    for (std::size_t begin = 0, end = 0; begin < found.size(); begin = end) {
      const std::int32_t K = found[begin].left, L = found[begin].right;
      std::vector<CellSide> parts;
      for (; end < found.size() && found[end].left == K && found[end].right == L; ++end) {
        parts.push_back(found[end].side);
      }
      std::ranges::sort(parts, {},
                        [&](const CellSide& s) { return std::pair(cell(s.cell).number, s.side); });
      add_face(K, L, parts);
    }
  }

  void add_face(std::int32_t K, std::int32_t L, const std::vector<CellSide>& parts) {
    Point total{};
    for (const CellSide& s : parts) total = total + area(s);
    const Crossing c = crossing(mesh_.center[std::size_t(K)], mesh_.center[std::size_t(L)], total,
                                part_.dimension);
    const Point middle =
        side_middle(cell(parts[0].cell).shape, corners(cell(parts[0].cell)), parts[0].side);
    double warp = 0;
    for (const CellSide& s : parts) {
      warp = std::max(warp, side_warp(cell(s.cell).shape, corners(cell(s.cell)), s.side));
    }
    worst_.see(c, warp, first_of(K), first_of(L), middle);
    mesh_.faces.left.push_back(K);
    mesh_.faces.right.push_back(L);
    mesh_.faces.distance.push_back(c.distance);
    mesh_.faces.transmissibility.push_back(norm(total) / c.distance);
    const double left = dot(middle - mesh_.center[std::size_t(K)], total) / norm(total);
    mesh_.faces.left_share.push_back(std::clamp(left / c.distance, 0.0, 1.0));
  }

  void add_boundary() {
    std::map<SideKey, std::int32_t> tags;
    for (const TaggedSide& s : part_.sides) tags.emplace(own_key(s), s.tag);
    struct Found {
      std::int32_t cell;
      CellSide side;
      std::int32_t tag;
    };
    std::vector<Found> found;
    for_each_side(sides_, [&](std::size_t begin, std::size_t end) {
      const CellSide& s = sides_[begin];
      if (end - begin != 1 || cell(s.cell).ghost) return;
      const auto tag = tags.find(s.key);
      found.push_back({groups_.of[std::size_t(s.cell)], s, tag == tags.end() ? -1 : tag->second});
    });
    std::ranges::sort(found, {}, [&](const Found& f) {
      return std::tuple(f.cell, cell(f.side.cell).number, f.side.side);
    });
    for (const Found& f : found) {
      const Point A = area(f.side), n = (1 / norm(A)) * A;
      const Point on =
          side_middle(cell(f.side.cell).shape, corners(cell(f.side.cell)), f.side.side);
      const double distance = dot(on - mesh_.center[std::size_t(f.cell)], n);
      mesh_.boundary.cell.push_back(f.cell);
      mesh_.boundary.tag.push_back(f.tag);
      mesh_.boundary.area.push_back(norm(A));
      mesh_.boundary.distance.push_back(distance);
      mesh_.boundary.normal.push_back(n);
      mesh_.boundary.transmissibility.push_back(norm(A) / distance);
    }
  }

  void number_without_gaps() {
    mesh_.global_cells = mesh_.comm.sum(std::int64_t(mesh_.owned));
    if (mesh_.global_cells == part_.global_cells) return;
    const auto owned = std::size_t(mesh_.owned);
    const Numbers numbers =
        number_keys(mesh_.comm, std::span(mesh_.global).first(owned), double(part_.global_cells));
    std::vector<double> field(std::size_t(mesh_.local()));
    std::ranges::copy(numbers.of, field.begin());
    mesh_.halo.update(mesh_.comm, field);
    std::ranges::transform(field, mesh_.global.begin(), [](double x) { return std::int64_t(x); });
  }

  const Part& part_;
  std::vector<CellSide> sides_;
  std::vector<Point> centre_;
  Groups groups_;
  std::vector<std::int32_t> owners_, images_;  // of the ghosts
  Mesh mesh_;
  Admissibility worst_;
};

}  // namespace

Mesh cell_centred(const Comm& comm, const Part& part) { return Builder(comm, part).build(); }

}  // namespace otto::gmsh
