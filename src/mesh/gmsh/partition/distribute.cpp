// Rank 0 divides and hands out; a part at a time, so that beside the whole mesh it holds one
// part only, and after the last one nothing but its own.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "../file/connect.h"
#include "../file/geometry.h"
#include "../file/topology.h"
#include "part.h"

namespace otto::gmsh {

namespace {

// ---- who gets what ----

/// Lists of neighbours, sorted and each once, as a graph.
Graph graph_of(std::vector<std::vector<std::int32_t>> next) {
  Graph g{.begin = {0}, .neighbour = {}};
  for (auto& list : next) {
    std::ranges::sort(list);
    list.erase(std::unique(list.begin(), list.end()), list.end());
    g.neighbour.insert(g.neighbour.end(), list.begin(), list.end());
    g.begin.push_back(std::int32_t(g.neighbour.size()));
  }
  return g;
}

/// The graph of clusters, from that of cells and the cluster of each cell.
Graph cluster_graph(const Graph& cells, const std::vector<std::int32_t>& place,
                    std::size_t clusters) {
  std::vector<std::vector<std::int32_t>> next(clusters);
  for (std::size_t k = 0; k < place.size(); ++k) {
    for (auto i = cells.begin[k]; i < cells.begin[k + 1]; ++i) {
      const std::int32_t other = place[std::size_t(cells.neighbour[std::size_t(i)])];
      if (other != place[k]) next[std::size_t(place[k])].push_back(other);
    }
  }
  return graph_of(std::move(next));
}

/// Points that are one across periods.
struct PointClasses {
  std::vector<std::int32_t> of;     ///< the class of each point
  std::vector<std::int32_t> first;  ///< the first point of each class
};

PointClasses point_classes(const RawMesh& mesh, const Connections& c) {
  Joined joined(mesh.points.size());
  for (const PeriodicPair& period : c.periods) {
    for (const auto& [copy, original] : period.vertices) joined.join(copy, original);
  }
  PointClasses classes;
  classes.of.assign(mesh.points.size(), -1);
  for (std::int32_t p = 0; p < std::int32_t(mesh.points.size()); ++p) {
    auto& own = classes.of[std::size_t(joined.root(p))];
    if (own < 0) {
      own = std::int32_t(classes.first.size());
      classes.first.push_back(p);
    }
    classes.of[std::size_t(p)] = own;
  }
  return classes;
}

/// No cell meets its own copy across a period. Where cells are to be cut, two points of a cell also
/// have one vector between them, whichever copies the cell has: new points are known by two others.
void check_periods(const RawMesh& mesh, const PointClasses& classes, bool to_be_cut) {
  std::unordered_map<std::int64_t, Point> vector;
  const auto n = std::int64_t(classes.first.size());
  const auto refuse = [&](const Element& e, const char* what) {
    mesh.fail(fmt::format("element {} reaches across a period of the mesh {}", e.number, what));
  };
  for (const Element& e : mesh.cells) {
    const int corners = shape_data(e.shape).vertices;
    for (int i = 0; i < corners; ++i) {
      for (int j = 0; j < corners; ++j) {
        const auto v = std::size_t(e.vertex[std::size_t(i)]),
                   w = std::size_t(e.vertex[std::size_t(j)]);
        if (i == j || classes.of[v] > classes.of[w]) continue;
        if (classes.of[v] == classes.of[w]) {
          refuse(e, "to itself; mesh the period with two cells or more");
        }
        if (!to_be_cut) continue;
        const Point edge = mesh.points[w] - mesh.points[v];
        const auto [at, added] = vector.try_emplace(classes.of[v] * n + classes.of[w], edge);
        if (norm(at->second - edge) <= 1e-5 * norm(edge)) continue;
        refuse(e,
               "to a neighbour it also has here; mesh the period with four cells or more, or "
               "take mesh.refine = 0");
      }
    }
  }
}

/// The graph of classes of points, joined by the edges of the cells (3-D) or their sides (2-D).
Graph point_graph(const RawMesh& mesh, const PointClasses& classes) {
  std::vector<std::vector<std::int32_t>> next(classes.first.size());
  for (const Element& e : mesh.cells) {
    const ShapeData& data = shape_data(e.shape);
    for (int s = 0; s < data.sides; ++s) {
      const auto& ring = data.side[std::size_t(s)];
      for (int i = 0; i < data.side_vertices; ++i) {
        const auto at = [&](int k) {
          return classes
              .of[std::size_t(e.vertex[std::size_t(ring[std::size_t(k % data.side_vertices)])])];
        };
        const std::int32_t v = at(i), w = at(i + 1);
        next[std::size_t(v)].push_back(w);
        next[std::size_t(w)].push_back(v);
      }
    }
  }
  return graph_of(std::move(next));
}

/// The rank of each of the things at these places with these weights.
template <class MakeGraph>
std::vector<std::int32_t> share(const RawMesh& mesh, const std::vector<Point>& places,
                                const std::vector<std::int32_t>& weights, Partitioner how,
                                int ranks, MakeGraph&& graph) {
  const std::size_t n = places.size();
  if (n < std::size_t(ranks)) {
    mesh.fail(fmt::format("{} ranks cannot share {} cells; start fewer ranks", ranks, n));
  }
  std::vector<std::int32_t> rank(n, 0);
  if (ranks == 1) return rank;
  if (how == Partitioner::bisection) return bisect(places, weights, ranks);
  if (how == Partitioner::ptscotch) return ptscotch(graph(), weights, ranks);
  for (std::size_t k = 0; k < n; ++k) rank[k] = std::int32_t(k * std::size_t(ranks) / n);
  return rank;
}

/// The rank of each point: one for those that are one across a period.
std::vector<std::int32_t> divide_points(const RawMesh& mesh, const Connections& c,
                                        const PointClasses& classes, Partitioner how, int ranks,
                                        GhostPolicy ghosts, bool to_be_cut) {
  if (!c.periods.empty() && ghosts == GhostPolicy::vertices) {
    mesh.fail(
        "has periodic sides; cells bounded by bisectors end at walls only, so take "
        "mesh.control_volumes = \"elements\" or \"medians\"");
  }
  if (!c.periods.empty()) check_periods(mesh, classes, to_be_cut);
  std::vector<Point> places;
  for (const std::int32_t p : classes.first) places.push_back(mesh.points[std::size_t(p)]);
  const auto rank = share(mesh, places, std::vector<std::int32_t>(places.size(), 1), how, ranks,
                          [&] { return point_graph(mesh, classes); });
  std::vector<std::int32_t> of_point;
  for (const std::int32_t own : classes.of) of_point.push_back(rank[std::size_t(own)]);
  return of_point;
}

/// The rank of each cell; clusters go to one rank whole.
std::vector<std::int32_t> divide_cells(const RawMesh& mesh, const Connections& c, Partitioner how,
                                       int ranks) {
  const std::size_t n = mesh.cells.size();
  std::vector<std::int32_t> place(n, -1), weights, first;  // of clusters, in the order of the file
  std::vector<Point> middles;
  for (std::size_t k = 0; k < n; ++k) {
    const auto root = std::size_t(c.cluster[k]);
    if (place[root] < 0) {
      place[root] = std::int32_t(first.size());
      first.push_back(std::int32_t(k));
      weights.push_back(0);
      const Element& e = mesh.cells[k];
      middles.push_back(middle(e.shape, corners_of(e, mesh.points, shape_data(e.shape).vertices)));
    }
    place[k] = place[root];
    ++weights[std::size_t(place[k])];
  }
  const auto graph = [&] { return cluster_graph(c.graph, place, first.size()); };
  const auto rank = share(mesh, middles, weights, how, ranks, graph);
  std::vector<std::int32_t> of_cell(n);
  for (std::size_t k = 0; k < n; ++k) of_cell[k] = rank[std::size_t(place[k])];
  return of_cell;
}

// ---- the parts ----

class Divider {
 public:
  /// `rank` is that of each cell, or, for cells around the vertices, of each point.
  Divider(const RawMesh& mesh, const Connections& c, const PointClasses& classes,
          std::vector<std::int32_t> rank, int ranks, GhostPolicy ghosts)
      : mesh_(mesh), c_(c), classes_(classes), place_(mesh.points.size(), -1) {
    (ghosts == GhostPolicy::elements ? rank_ : point_rank_) = std::move(rank);
    name_groups();
    cells_.resize(std::size_t(ranks));
    faces_.resize(std::size_t(ranks));
    periods_.resize(std::size_t(ranks));
    if (ghosts != GhostPolicy::elements) {
      give_by_points();
      return;
    }
    for (std::size_t k = 0; k < mesh.cells.size(); ++k) {
      cells_[std::size_t(rank_[k])].push_back(std::int32_t(k));
      if (c.cluster[k] != std::int32_t(k)) members_[c.cluster[k]].push_back(std::int32_t(k));
    }
    for (std::size_t f = 0; f < mesh.faces.size(); ++f) {
      if (c.face_cell[f] < 0) continue;
      faces_[std::size_t(rank_[std::size_t(c.face_cell[f])])].push_back(std::int32_t(f));
    }
    for (std::size_t p = 0; p < c.periods.size(); ++p) {
      const auto a = std::size_t(rank_[std::size_t(c.periods[p].cell)]),
                 b = std::size_t(rank_[std::size_t(c.periods[p].other)]);
      periods_[a].push_back(std::int32_t(p));
      if (a != b) periods_[b].push_back(std::int32_t(p));
    }
  }

  Part part(int rank) {
    Part part;
    part.file = mesh_.file.string();
    part.dimension = mesh_.dimension;
    part.global_cells = std::int64_t(mesh_.cells.size());
    part.global_points = point_rank_.empty() ? 0 : std::int64_t(classes_.first.size());
    part.periods = periods_of_mesh();
    part.region_names = region_names_;
    part.boundary_names = boundary_names_;
    part.region_sets = region_sets_;
    part.boundary_sets = boundary_sets_;
    const auto& own = cells_[std::size_t(rank)];
    for (const std::int32_t k : own) part.cells.push_back(cell(part, k, false));
    if (point_rank_.empty()) {
      for (const std::int32_t k : copies_of_neighbours(own, rank)) {
        part.cells.push_back(cell(part, k, true));
      }
    }
    for (const std::int32_t p : periods_[std::size_t(rank)])
      add_images(part, c_.periods[std::size_t(p)], rank);
    for (const std::int32_t f : faces_[std::size_t(rank)]) {
      const Element& e = mesh_.faces[std::size_t(f)];
      TaggedSide side{.shape = e.shape, .tag = side_label_[std::size_t(e.groups)]};
      for (int v = 0; v < shape_data(e.shape).vertices; ++v) {
        side.vertex[std::size_t(v)] = place_[std::size_t(e.vertex[std::size_t(v)])];
      }
      part.sides.push_back(side);
    }
    for (const std::int32_t p : touched_) {
      place_[std::size_t(p)] = -1;
      if (point_rank_.empty()) continue;
      part.point_owner.push_back(point_rank_[std::size_t(p)]);
      part.point_number.push_back(classes_.of[std::size_t(p)]);
    }
    touched_.clear();
    return part;
  }

 private:
  /// Each translation once, whichever way round.
  std::vector<Point> periods_of_mesh() const {
    std::vector<Point> all;
    for (const PeriodicPair& p : c_.periods) {
      const auto same = [&](const Point& q) {
        return std::min(norm(p.shift - q), norm(p.shift + q)) <= 1e-6 * norm(q);
      };
      if (std::ranges::none_of(all, same)) all.push_back(p.shift);
    }
    return all;
  }

  /// Every rank gets all cells and all named sides at its points.
  void give_by_points() {
    const auto give = [&](const Element& e, std::size_t number, auto& to) {
      for_each_vertex(e, [&](std::int32_t rank) {
        auto& list = to[std::size_t(rank)];
        if (list.empty() || list.back() != std::int32_t(number))
          list.push_back(std::int32_t(number));
      });
    };
    for (std::size_t k = 0; k < mesh_.cells.size(); ++k) give(mesh_.cells[k], k, cells_);
    for (std::size_t f = 0; f < mesh_.faces.size(); ++f) {
      if (c_.face_cell[f] >= 0) give(mesh_.faces[f], f, faces_);
    }
  }

  template <class Visit>
  void for_each_vertex(const Element& e, Visit&& visit) const {
    for (int v = 0; v < shape_data(e.shape).vertices; ++v) {
      visit(point_rank_[std::size_t(e.vertex[std::size_t(v)])]);
    }
  }

  /// Regions are the groups of cells; boundaries those of faces with a cell on one side only.
  void name_groups() {
    std::vector<std::int32_t> region(mesh_.groups.size(), -1), boundary(region);
    std::vector<bool> walls(mesh_.groups.size(), false);
    for (std::size_t f = 0; f < mesh_.faces.size(); ++f) {
      if (c_.face_cell[f] < 0) continue;
      for (const std::int32_t g : mesh_.group_sets[std::size_t(mesh_.faces[f].groups)]) {
        walls[std::size_t(g)] = true;
      }
    }
    for (std::size_t g = 0; g < mesh_.groups.size(); ++g) {
      const PhysicalGroup& group = mesh_.groups[g];
      if (group.dimension == mesh_.dimension) {
        region[g] = index_of(region_names_, group.name);
      } else if (group.dimension == mesh_.dimension - 1 && walls[g]) {
        boundary[g] = index_of(boundary_names_, group.name);
      }
    }
    region_label_ = labels(region, region_names_.size(), region_sets_);
    side_label_ = labels(boundary, boundary_names_.size(), boundary_sets_);
  }

  /// Groups of one name are one.
  static std::int32_t index_of(std::vector<std::string>& names, const std::string& name) {
    const auto at = std::ranges::find(names, name);
    if (at == names.end()) names.push_back(name);
    return std::int32_t(std::ranges::find(names, name) - names.begin());
  }

  /// The label of each set of groups: `name` of each group that has one.
  std::vector<std::int32_t> labels(const std::vector<std::int32_t>& name, std::size_t names,
                                   LabelSets& sets) const {
    std::vector<std::int32_t> all;
    for (const auto& set : mesh_.group_sets) {
      std::vector<std::int32_t> found;
      for (const std::int32_t g : set) {
        const std::int32_t n = name[std::size_t(g)];
        if (n >= 0 && std::ranges::find(found, n) == found.end()) found.push_back(n);
      }
      if (found.size() > 1) sets.push_back(found);
      all.push_back(found.empty()       ? -1
                    : found.size() == 1 ? found[0]
                                        : std::int32_t(names + sets.size()) - 1);
    }
    return all;
  }

  std::int32_t place(Part& part, std::int32_t point) {
    std::int32_t& at = place_[std::size_t(point)];
    if (at < 0) {
      at = std::int32_t(part.points.size());
      touched_.push_back(point);
      part.points.push_back(mesh_.points[std::size_t(point)]);
    }
    return at;
  }

  PartCell bare(std::int32_t k) const {
    const Element& e = mesh_.cells[std::size_t(k)];
    PartCell cell;
    cell.shape = e.shape;
    if (!rank_.empty()) cell.owner = rank_[std::size_t(k)];
    cell.region = e.groups < 0 ? -1 : region_label_[std::size_t(e.groups)];
    cell.number = k;
    cell.element = e.number;
    cell.cluster = c_.cluster[std::size_t(k)];
    return cell;
  }

  PartCell cell(Part& part, std::int32_t k, bool ghost) {
    const Element& e = mesh_.cells[std::size_t(k)];
    PartCell cell = bare(k);
    cell.ghost = ghost;
    for (int v = 0; v < shape_data(e.shape).vertices; ++v) {
      cell.vertex[std::size_t(v)] = place(part, e.vertex[std::size_t(v)]);
    }
    return cell;
  }

  /// A cell and all others of its cluster.
  std::vector<std::int32_t> cluster_of(std::int32_t k) const {
    const std::int32_t root = c_.cluster[std::size_t(k)];
    std::vector<std::int32_t> all{root};
    const auto more = members_.find(root);
    if (more != members_.end()) all.insert(all.end(), more->second.begin(), more->second.end());
    return all;
  }

  /// The clusters next to a rank's own cells, whole, in the order of the file.
  std::vector<std::int32_t> copies_of_neighbours(const std::vector<std::int32_t>& own,
                                                 int rank) const {
    std::vector<std::int32_t> copies;
    for (const std::int32_t k : own) {
      for (auto i = c_.graph.begin[std::size_t(k)]; i < c_.graph.begin[std::size_t(k) + 1]; ++i) {
        const std::int32_t other = c_.graph.neighbour[std::size_t(i)];
        if (rank_[std::size_t(other)] == rank) continue;
        const auto cluster = cluster_of(other);
        copies.insert(copies.end(), cluster.begin(), cluster.end());
      }
    }
    std::ranges::sort(copies);
    copies.erase(std::unique(copies.begin(), copies.end()), copies.end());
    return copies;
  }

  void add_images(Part& part, const PeriodicPair& p, int rank) {
    if (rank_[std::size_t(p.cell)] == rank) add_image(part, p.other, p.vertices, p.shift);
    if (rank_[std::size_t(p.other)] != rank) return;
    auto vertices = p.vertices;
    for (auto& [v, w] : vertices) std::swap(v, w);
    add_image(part, p.cell, vertices, -1.0 * p.shift);
  }

  /// The cluster of `k` moved by `shift`; `vertices` are pairs (as it is here, as `k` has it).
  void add_image(Part& part, std::int32_t k,
                 const std::vector<std::pair<std::int32_t, std::int32_t>>& vertices,
                 const Point& shift) {
    std::unordered_map<std::int32_t, std::int32_t> moved;
    for (const auto& [here, there] : vertices) moved[there] = place(part, here);
    const std::int32_t image = ++images_;
    for (const std::int32_t member : cluster_of(k)) {
      const Element& e = mesh_.cells[std::size_t(member)];
      PartCell cell = bare(member);
      cell.ghost = true;
      cell.image = image;
      for (int v = 0; v < shape_data(e.shape).vertices; ++v) {
        const std::int32_t there = e.vertex[std::size_t(v)];
        const auto [at, added] = moved.try_emplace(there, std::int32_t(part.points.size()));
        if (added) part.points.push_back(mesh_.points[std::size_t(there)] + shift);
        cell.vertex[std::size_t(v)] = at->second;
      }
      part.cells.push_back(cell);
    }
  }

  const RawMesh& mesh_;
  const Connections& c_;
  const PointClasses& classes_;
  std::vector<std::int32_t> rank_, place_, touched_, region_label_, side_label_;
  std::vector<std::string> region_names_, boundary_names_;
  LabelSets region_sets_, boundary_sets_;
  std::vector<std::vector<std::int32_t>> cells_, faces_, periods_;
  std::unordered_map<std::int32_t, std::vector<std::int32_t>> members_;
  std::vector<std::int32_t> point_rank_;  // for cells around the vertices only
  std::int32_t images_ = 0;
};

// ---- on the way ----

template <class T>
void put(std::string& bytes, const T* from, std::size_t count) {
  const auto n = std::uint64_t(count);
  bytes.append(reinterpret_cast<const char*>(&n), sizeof n);
  bytes.append(reinterpret_cast<const char*>(from), count * sizeof(T));
}

class Unpacker {
 public:
  explicit Unpacker(std::string bytes) : bytes_(std::move(bytes)) {}
  template <class Container>
  Container take() {
    std::uint64_t n = 0;
    std::memcpy(&n, bytes_.data() + at_, sizeof n);
    at_ += sizeof n;
    Container all(n, typename Container::value_type{});
    std::memcpy(all.data(), bytes_.data() + at_, n * sizeof(typename Container::value_type));
    at_ += n * sizeof(typename Container::value_type);
    return all;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

std::string pack(const Part& part) {
  std::string bytes;
  const std::int64_t numbers[] = {part.dimension, part.global_cells,
                                  std::int64_t(part.region_names.size()), part.global_points};
  put(bytes, numbers, 4);
  put(bytes, part.file.data(), part.file.size());
  put(bytes, part.points.data(), part.points.size());
  put(bytes, part.periods.data(), part.periods.size());
  put(bytes, part.cells.data(), part.cells.size());
  put(bytes, part.sides.data(), part.sides.size());
  put(bytes, part.point_owner.data(), part.point_owner.size());
  put(bytes, part.point_number.data(), part.point_number.size());
  std::string names;  // one a line
  for (const auto& list : {part.region_names, part.boundary_names}) {
    for (const std::string& name : list) names += name + '\n';
  }
  put(bytes, names.data(), names.size());
  for (const LabelSets& sets : {part.region_sets, part.boundary_sets}) {
    std::vector<std::int32_t> flat;  // each with its size in front
    for (const auto& set : sets) {
      flat.push_back(std::int32_t(set.size()));
      flat.insert(flat.end(), set.begin(), set.end());
    }
    put(bytes, flat.data(), flat.size());
  }
  return bytes;
}

Part unpack(std::string bytes) {
  Unpacker in(std::move(bytes));
  Part part;
  const auto numbers = in.take<std::vector<std::int64_t>>();
  part.dimension = int(numbers[0]);
  part.global_cells = numbers[1];
  part.file = in.take<std::string>();
  part.points = in.take<std::vector<Point>>();
  part.periods = in.take<std::vector<Point>>();
  part.cells = in.take<std::vector<PartCell>>();
  part.sides = in.take<std::vector<TaggedSide>>();
  part.point_owner = in.take<std::vector<std::int32_t>>();
  part.point_number = in.take<std::vector<std::int64_t>>();
  part.global_points = numbers[3];
  const auto names = in.take<std::string>();
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = names.find('\n', begin);
    auto& list = std::int64_t(part.region_names.size()) < numbers[2] ? part.region_names
                                                                     : part.boundary_names;
    list.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  for (LabelSets* sets : {&part.region_sets, &part.boundary_sets}) {
    const auto flat = in.take<std::vector<std::int32_t>>();
    for (std::size_t at = 0; at < flat.size(); at += std::size_t(flat[at]) + 1) {
      const auto first = flat.begin() + std::ptrdiff_t(at) + 1;
      sets->emplace_back(first, first + flat[at]);
    }
  }
  return part;
}

constexpr std::size_t piece = std::size_t{1} << 30;  // MPI counts in int

void send(const Comm& comm, const std::string& bytes, int to) {
  const auto n = std::uint64_t(bytes.size());
  MPI_Send(&n, 1, MPI_UINT64_T, to, 0, comm.handle());
  for (std::size_t at = 0; at < n; at += piece) {
    MPI_Send(bytes.data() + at, int(std::min(piece, n - at)), MPI_BYTE, to, 0, comm.handle());
  }
}

std::string receive(const Comm& comm) {
  std::uint64_t n = 0;
  MPI_Recv(&n, 1, MPI_UINT64_T, 0, 0, comm.handle(), MPI_STATUS_IGNORE);
  std::string bytes(n, '\0');
  for (std::size_t at = 0; at < n; at += piece) {
    MPI_Recv(bytes.data() + at, int(std::min(piece, n - at)), MPI_BYTE, 0, 0, comm.handle(),
             MPI_STATUS_IGNORE);
  }
  return bytes;
}

}  // namespace

Part distribute(const Comm& comm, const RawMesh& mesh, Partitioner partitioner, GhostPolicy ghosts,
                bool to_be_cut) {
  Connections connections;
  PointClasses classes;
  std::vector<std::int32_t> rank;
  comm.together([&] {
    if (!comm.is_root()) return;
    connections = connect(mesh);
    classes = point_classes(mesh, connections);
    rank = ghosts == GhostPolicy::elements
               ? divide_cells(mesh, connections, partitioner, comm.size())
               : divide_points(mesh, connections, classes, partitioner, comm.size(), ghosts,
                               to_be_cut);
  });
  if (!comm.is_root()) return unpack(receive(comm));
  Divider divider(mesh, connections, classes, std::move(rank), comm.size(), ghosts);
  for (int r = 1; r < comm.size(); ++r) send(comm, pack(divider.part(r)), r);
  return divider.part(0);
}

}  // namespace otto::gmsh
