// Uniform refinement, each rank by itself: new vertices are middles of edges, sides and cells, so
// that copies of one cell are cut alike wherever they are. Child i of cell n is cell 2^d n + i.
// Where vertices have numbers, a new one is known by two others: the ends of its edge, or of the
// diagonal of its side or cell that holds their least number. It belongs to whom the lower of the
// two belongs to, who has all cells at it.
//
//   triangle     three corners and the middle one: all similar to the parent
//   tetrahedron  four corners, and the octahedron between them cut around its shortest diagonal
//                (J. Bey, "Tetrahedral grid refinement", Computing 55, 1995)

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "../file/geometry.h"
#include "../file/topology.h"
#include "otto/core/error.h"
#include "otto/mesh/numbering.h"
#include "part.h"

namespace otto::gmsh {

namespace {

class Refinement {
 public:
  explicit Refinement(Part& part) : part_(part) {}

  void run(const Comm& comm) {
    std::vector<PartCell> cells;
    cells.reserve(part_.cells.size() << part_.dimension);
    for (const PartCell& parent : part_.cells) {
      child_ = 0;
      switch (parent.shape) {
        case triangle:
          cut_triangle(parent, cells);
          break;
        case quad:
          cut_quad(parent, cells);
          break;
        case tetrahedron:
          cut_tetrahedron(parent, cells);
          break;
        default:
          cut_hexahedron(parent, cells);
      }
    }
    part_.cells = std::move(cells);
    part_.global_cells <<= part_.dimension;
    cut_sides();
    if (part_.global_points > 0) number_points(comm);
  }

 private:
  using Vertex = std::int32_t;

  /// The point in the middle of two or four others, made once.
  Vertex middle_of(std::initializer_list<Vertex> of) {
    SideKey key{-1, -1, -1, -1};
    std::ranges::copy(of, key.begin());
    std::ranges::sort(key);
    const auto [at, added] = middles_.try_emplace(key, Vertex(part_.points.size()));
    if (!added) return at->second;
    const auto x = [&](std::size_t i) { return part_.points[std::size_t(of.begin()[i])]; };
    // Opposite corners first: the sum is then the same whichever corner comes first.
    part_.points.push_back(of.size() == 2 ? 0.5 * (x(0) + x(1))
                                          : 0.25 * ((x(0) + x(2)) + (x(1) + x(3))));
    const Vertex* v = of.begin();
    if (of.size() == 2) add_parents({{v[0], v[1]}});
    if (of.size() == 4) add_parents({{v[0], v[2]}, {v[1], v[3]}});
    return at->second;
  }

  Vertex add_middle(const std::array<Vertex, 8>& v) {
    Point sum{};
    for (const Vertex p : v) sum = sum + part_.points[std::size_t(p)];
    part_.points.push_back(0.125 * sum);
    add_parents({{v[0], v[6]}, {v[1], v[7]}, {v[2], v[4]}, {v[3], v[5]}});
    return Vertex(part_.points.size()) - 1;
  }

  /// The pair with the least number names the new point.
  void add_parents(std::initializer_list<std::pair<Vertex, Vertex>> pairs) {
    if (part_.point_number.empty()) return;
    std::pair<std::int64_t, std::int64_t> best{-1, -1};
    std::int32_t owner = 0;
    for (auto [a, b] : pairs) {
      if (part_.point_number[std::size_t(a)] > part_.point_number[std::size_t(b)]) std::swap(a, b);
      const std::pair numbers(part_.point_number[std::size_t(a)],
                              part_.point_number[std::size_t(b)]);
      if (best.first >= 0 && best < numbers) continue;
      best = numbers;
      owner = part_.point_owner[std::size_t(a)];
    }
    keys_.push_back(best.first * part_.global_points + best.second);
    owners_.push_back(owner);
  }

  void add(const PartCell& parent, std::vector<PartCell>& cells, std::array<Vertex, 8> vertex) {
    PartCell cell = parent;
    cell.number = (parent.number << part_.dimension) + child_++;
    cell.vertex = vertex;
    cells.push_back(cell);
  }

  void cut_triangle(const PartCell& p, std::vector<PartCell>& cells) {
    const auto [a, b, c, d4, d5, d6, d7, d8] = p.vertex;
    const Vertex ab = middle_of({a, b}), bc = middle_of({b, c}), ca = middle_of({c, a});
    add(p, cells, {a, ab, ca});
    add(p, cells, {ab, b, bc});
    add(p, cells, {ca, bc, c});
    add(p, cells, {ab, bc, ca});
  }

  void cut_quad(const PartCell& p, std::vector<PartCell>& cells) {
    const auto [a, b, c, d, d5, d6, d7, d8] = p.vertex;
    const Vertex ab = middle_of({a, b}), bc = middle_of({b, c}), cd = middle_of({c, d}),
                 da = middle_of({d, a}), m = middle_of({a, b, c, d});
    add(p, cells, {a, ab, m, da});
    add(p, cells, {ab, b, bc, m});
    add(p, cells, {m, bc, c, cd});
    add(p, cells, {da, m, cd, d});
  }

  void cut_tetrahedron(const PartCell& p, std::vector<PartCell>& cells) {
    const Vertex a = p.vertex[0], b = p.vertex[1], c = p.vertex[2], d = p.vertex[3];
    const Vertex ab = middle_of({a, b}), ac = middle_of({a, c}), ad = middle_of({a, d}),
                 bc = middle_of({b, c}), bd = middle_of({b, d}), cd = middle_of({c, d});
    add(p, cells, {a, ab, ac, ad});
    add(p, cells, {ab, b, bc, bd});
    add(p, cells, {ac, bc, c, cd});
    add(p, cells, {ad, bd, cd, d});
    // The octahedron's diagonals, each with the ring of the other four around it.
    const Vertex axis[3][2] = {{ab, cd}, {ac, bd}, {ad, bc}};
    const Vertex ring[3][4] = {{ac, ad, bd, bc}, {ad, ab, bc, cd}, {ab, ac, cd, bd}};
    int best = 0;
    double min = INFINITY;
    for (int i = 0; i < 3; ++i) {
      const Point e = part_.points[std::size_t(axis[i][0])] - part_.points[std::size_t(axis[i][1])];
      if (dot(e, e) < min * (1 - 1e-9)) {
        min = dot(e, e);
        best = i;
      }
    }
    for (int i = 0; i < 4; ++i) {
      std::array<Vertex, 8> v{axis[best][0], ring[best][i], ring[best][(i + 1) % 4], axis[best][1]};
      Corners x{};
      for (std::size_t k = 0; k < 4; ++k) x[k] = part_.points[std::size_t(v[k])];
      if (measure(tetrahedron, x) < 0) std::swap(v[1], v[2]);
      add(p, cells, v);
    }
  }

  void cut_hexahedron(const PartCell& p, std::vector<PartCell>& cells) {
    const auto& v = p.vertex;
    // A grid of 3 x 3 x 3 vertices: corners, middles of edges, sides and of the cell.
    std::array<Vertex, 27> grid{};
    const auto at = [](int i, int j, int k) { return std::size_t(i + 3 * (j + 3 * k)); };
    static const int corner[8][3] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0},
                                     {0, 0, 1}, {1, 0, 1}, {1, 1, 1}, {0, 1, 1}};
    static const int edge[12][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6},
                                    {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}};
    for (int c = 0; c < 8; ++c) {
      grid[at(2 * corner[c][0], 2 * corner[c][1], 2 * corner[c][2])] = v[std::size_t(c)];
    }
    const auto between = [&](std::initializer_list<int> corners) {
      std::array<int, 3> sum{};
      for (const int c : corners) {
        for (std::size_t a = 0; a < 3; ++a) sum[a] += corner[c][a];
      }
      const int n = int(corners.size());
      return at(2 * sum[0] / n, 2 * sum[1] / n, 2 * sum[2] / n);
    };
    for (const auto& e : edge) {
      grid[between({e[0], e[1]})] = middle_of({v[std::size_t(e[0])], v[std::size_t(e[1])]});
    }
    for (const auto& s : shape_data(hexahedron).side) {
      const auto w = [&](std::size_t i) { return v[std::size_t(s[i])]; };
      grid[between({s[0], s[1], s[2], s[3]})] = middle_of({w(0), w(1), w(2), w(3)});
    }
    grid[at(1, 1, 1)] = add_middle(v);
    for (const auto& o : corner) {
      std::array<Vertex, 8> child{};
      for (std::size_t c = 0; c < 8; ++c) {
        child[c] = grid[at(o[0] + corner[c][0], o[1] + corner[c][1], o[2] + corner[c][2])];
      }
      add(p, cells, child);
    }
  }

  void number_points(const Comm& comm) {
    const double n = double(part_.global_points);
    if (n > 3e9) throw InputError(part_.file + ": too many vertices; take a smaller mesh.refine");
    const Numbers numbers = number_keys(comm, keys_, n * n);
    for (const std::int64_t i : numbers.of) part_.point_number.push_back(part_.global_points + i);
    part_.point_owner.insert(part_.point_owner.end(), owners_.begin(), owners_.end());
    part_.global_points += numbers.total;
  }

  void cut_sides() {
    std::vector<TaggedSide> sides;
    for (const TaggedSide& s : part_.sides) {
      const auto put = [&](std::array<Vertex, 8> v) { sides.push_back({s.shape, s.tag, v}); };
      const auto [a, b, c, d, d5, d6, d7, d8] = s.vertex;
      const Vertex ab = middle_of({a, b});
      if (s.shape == line) {
        put({a, ab});
        put({ab, b});
        continue;
      }
      if (s.shape == triangle) {
        const Vertex bc = middle_of({b, c}), ca = middle_of({c, a});
        put({a, ab, ca});
        put({ab, b, bc});
        put({ca, bc, c});
        put({ab, bc, ca});
        continue;
      }
      const Vertex bc = middle_of({b, c}), cd = middle_of({c, d}), da = middle_of({d, a}),
                   m = middle_of({a, b, c, d});
      put({a, ab, m, da});
      put({ab, b, bc, m});
      put({m, bc, c, cd});
      put({da, m, cd, d});
    }
    part_.sides = std::move(sides);
  }

  struct Hash {
    std::size_t operator()(const SideKey& k) const {
      std::size_t h = 0;
      for (const Vertex v : k) h = (h ^ std::size_t(std::uint32_t(v))) * 0x9E3779B97F4A7C15U;
      return h ^ (h >> 29);
    }
  };

  Part& part_;
  std::vector<std::int64_t> keys_;    // of the new points
  std::vector<std::int32_t> owners_;  // of the new points
  std::int64_t child_ = 0;
  std::unordered_map<SideKey, Vertex, Hash> middles_;
};

}  // namespace

void refine(const Comm& comm, Part& part, int times) {
  for (int i = 0; i < times; ++i) Refinement(part).run(comm);
}

}  // namespace otto::gmsh
