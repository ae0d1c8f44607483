// Gmsh's file formats 2.2 and 4.1 (gmsh.info/doc/texinfo, "File formats"): sections $NAME ...
// $EndNAME. In binary files counts, tags and coordinates are raw; section names, the header and
// $PhysicalNames stay text, and so does $Periodic of 2.2.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "msh_stream.h"
#include "otto/core/error.h"
#include "raw_mesh.h"

namespace otto::gmsh {

namespace {

/// Gmsh's element types by their number.
std::uint8_t shape_of(MshStream& in, std::int32_t type) {
  switch (type) {
    case 1:
      return line;
    case 2:
      return triangle;
    case 3:
      return quad;
    case 4:
      return tetrahedron;
    case 5:
      return hexahedron;
    case 6:
    case 7:
      in.fail(
          "holds prisms or pyramids; Otto takes triangles, quadrilaterals, tetrahedra and "
          "hexahedra");
    default:
      in.fail(
          fmt::format("holds elements of Gmsh's type {}; Otto takes triangles, quadrilaterals, "
                      "tetrahedra and hexahedra with straight sides (Mesh.ElementOrder = 1)",
                      type));
  }
}

class Reader {
 public:
  Reader(MshStream& in, RawMesh& mesh) : in_(in), mesh_(mesh) {}

  void read() {
    header();
    while (!in_.at_end()) section(std::string(in_.word()));
    if (mesh_.points.empty()) in_.fail("has no $Nodes; write it again with gmsh");
    if (mesh_.elements.empty()) in_.fail("has no $Elements; write it again with gmsh");
    require_all_partitions();
  }

 private:
  void header() {
    find_header();
    const std::string version(in_.word());
    two_ = version == "2.2" || version == "2" || version == "2.1";
    if (!two_ && version != "4.1") {
      in_.fail(
          fmt::format("is of Gmsh's format {}; Otto reads 2.2 and 4.1: gmsh FILE.msh -save "
                      "-format msh41 converts it",
                      version.substr(0, 12)));
    }
    const std::int64_t kind = in_.text_integer("the kind of file (0 text, 1 binary)");
    const std::int64_t bytes = in_.text_integer("the size of a number");
    if (kind != 0 && kind != 1) in_.fail("is neither a text nor a binary file by its header");
    if (bytes != 8) in_.fail(fmt::format("has numbers of {} bytes; Otto reads 8", bytes));
    if (kind == 1) {
      in_.begin_binary();
      in_.set_binary(true);
      if (in_.integer("the number 1") != 1) {
        in_.fail("was written by a machine of the other byte order; save it as text");
      }
    }
    in_.end_section("$MeshFormat");
  }

  /// Goes past $MeshFormat, before which comments and a byte order mark may stand.
  void find_header() {
    if (in_.at_end()) in_.fail("is empty; write it again with gmsh");
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::string word(in_.word());
    if (word.starts_with(byte_order_mark)) word.erase(0, byte_order_mark.size());
    while (word == "$Comments") {
      in_.skip_section(word);
      word = in_.at_end() ? "" : in_.word();
    }
    if (word == "$MeshFormat") return;
    if (word == "$NOD") {
      in_.fail(
          "is of Gmsh's format 1; Otto reads 2.2 and 4.1: gmsh FILE.msh -save -format msh41 "
          "converts it");
    }
    in_.fail(
        "does not begin with $MeshFormat, so it is no Gmsh mesh; write one with gmsh -2 FILE.geo "
        "or "
        "gmsh -3 FILE.geo, or from a mesh of another format by gmsh FILE -save -format msh41");
  }

  void section(const std::string& name) {
    if (name.empty() || name[0] != '$') {
      in_.fail("text stands between two sections; the file is damaged, write it again with gmsh");
    }
    if (name == "$PhysicalNames") {
      names();
    } else if (name == "$Entities" && !two_) {
      start();
      entities();
    } else if (name == "$PartitionedEntities" && !two_) {
      start();
      partitioned_entities();
    } else if (name == "$Nodes") {
      two_ ? nodes_2(false) : (start(), nodes_4());
    } else if (name == "$ParametricNodes" && two_) {
      nodes_2(true);
    } else if (name == "$Elements") {
      two_ ? elements_2() : (start(), elements_4());
    } else if (name == "$Periodic") {
      two_ ? periodic_2() : (start(), periodic_4());
    } else {
      in_.skip_section(name);
      return;
    }
    in_.end_section(name);
  }

  /// A file of one partition alone looks like a smaller mesh.
  void require_all_partitions() {
    std::set<std::int32_t> held;
    for (int d = 3; d > 0 && held.empty(); --d) held = held_[std::size_t(d)];
    std::size_t all = partitions_;
    if (two_ && !held.empty())
      all = std::size_t(*held.rbegin());  // as many as the last one's number
    if (held.size() >= all) return;
    in_.fail(
        fmt::format("holds elements of {} of {} partitions; write all of them into one file: gmsh "
                    "-part {} without -part_split",
                    held.size(), all, all));
  }

  void start() {
    if (in_.binary()) in_.begin_binary();
  }

  void names() {
    const std::int64_t count = in_.text_integer("the number of physical names");
    for (std::int64_t i = 0; i < count; ++i) {
      const auto dimension = int(in_.text_integer("the dimension of a physical group"));
      const auto tag = std::int32_t(in_.text_integer("the tag of a physical group"));
      const std::string_view rest = in_.line();
      const std::size_t first = rest.find('"'), last = rest.rfind('"');
      if (first == std::string_view::npos || last == first) {
        in_.fail("a physical name has no quotation marks; write the file again with gmsh");
      }
      mesh_.groups.push_back(
          {dimension, tag, std::string(rest.substr(first + 1, last - first - 1))});
    }
  }

  /// The position of a group, added under its number where it has no name.
  std::int32_t group(int dimension, std::int32_t tag) {
    tag = std::abs(tag);  // Gmsh marks reversed orientation by the sign
    const auto at = std::ranges::find_if(mesh_.groups, [&](const PhysicalGroup& g) {
      return g.dimension == dimension && g.tag == tag;
    });
    if (at == mesh_.groups.end()) {
      mesh_.groups.push_back({dimension, tag, std::to_string(tag)});
      return std::int32_t(mesh_.groups.size()) - 1;
    }
    return std::int32_t(at - mesh_.groups.begin());
  }

  void add_node(std::int64_t number, const Point& x) {
    if (!position_.emplace(number, std::int32_t(mesh_.points.size())).second) {
      in_.fail(fmt::format("node {} is given twice; write the file again with gmsh", number));
    }
    mesh_.points.push_back(x);
    mesh_.node.push_back(number);
  }

  std::int32_t position(std::int64_t number) {
    const auto at = position_.find(number);
    if (at == position_.end()) {
      in_.fail(
          fmt::format("node {} is used and not given; the file is damaged, write it again "
                      "with gmsh",
                      number));
    }
    return at->second;
  }

  Point coordinates() {
    Point x{};
    for (double& value : x) value = in_.real("a coordinate");
    return x;
  }

  // ---- 2.2 ----

  /// A count, text even in binary files, then the raw data.
  std::int64_t count_2(const char* what) {
    const bool binary = in_.binary();
    in_.set_binary(false);
    const std::int64_t n = in_.count(what, 2);
    if (binary) in_.begin_binary();
    in_.set_binary(binary);
    return n;
  }

  void nodes_2(bool parametric) {
    const std::int64_t n = count_2("the number of nodes");
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t number = in_.integer("the number of a node");
      add_node(number, coordinates());
      if (parametric) skip_parameters();
    }
  }

  /// The entity a node lies on, its dimension first, and one parameter for each but in a volume.
  void skip_parameters() {
    const std::int32_t dimension = in_.integer("the dimension of an entity");
    (void)in_.integer("the tag of an entity");
    if (!in_.binary()) {
      (void)in_.line();
      return;
    }
    for (int p = 0; dimension < 3 && p < dimension; ++p) (void)in_.real("a parameter of a node");
  }

  void element_2(std::uint8_t shape, std::int64_t number, std::int32_t tags) {
    Element e{.shape = shape, .number = number};
    for (std::int32_t t = 0; t < tags; ++t) {
      const std::int32_t tag = in_.integer("a tag of an element");
      if (t == 0 && tag != 0) e.groups = mesh_.set_of({group(shape_data(shape).dimension, tag)});
      if (t == 1) e.entity = tag;
      if (t == 3) held_[std::size_t(shape_data(shape).dimension)].insert(std::abs(tag));
    }
    for (int v = 0; v < shape_data(shape).vertices; ++v) {
      e.vertex[std::size_t(v)] = position(in_.integer("a node of an element"));
    }
    mesh_.elements.push_back(e);
  }

  /// A point element counts for nothing; true where it was one.
  bool skip_point(std::int32_t type, std::int32_t tags) {
    if (type != 15) return false;
    for (std::int32_t t = 0; t < tags + 1; ++t) (void)in_.integer("a tag of a point");
    return true;
  }

  std::int32_t tags_2() {
    const std::int32_t tags = in_.integer("the number of tags of an element");
    if (tags < 0 || tags > 1000)
      in_.fail(fmt::format("an element has {} tags; the file is damaged", tags));
    return tags;
  }

  void elements_2() {
    const std::int64_t n = count_2("the number of elements");
    if (!in_.binary()) {
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t number = in_.integer("the number of an element");
        const std::int32_t type = in_.integer("the type of an element"), tags = tags_2();
        if (!skip_point(type, tags)) element_2(shape_of(in_, type), number, tags);
      }
      return;
    }
    for (std::int64_t done = 0; done < n;) {
      const std::int32_t type = in_.integer("the type of elements");
      const std::int32_t here = in_.integer("the number of elements"), tags = tags_2();
      if (here < 1 || here > n - done) in_.fail("the counts of elements do not add up");
      for (std::int32_t i = 0; i < here; ++i, ++done) {
        const std::int64_t number = in_.integer("the number of an element");
        if (!skip_point(type, tags)) element_2(shape_of(in_, type), number, tags);
      }
    }
  }

  void periodic_2() {
    const bool binary = in_.binary();
    in_.set_binary(false);
    const std::int64_t links = in_.count("the number of periodic entities", 4);
    for (std::int64_t l = 0; l < links; ++l) {
      const std::int64_t dimension = in_.text_integer("the dimension of a periodic entity");
      (void)in_.text_integer("the tag of a periodic entity");
      (void)in_.text_integer("the tag of a periodic entity");
      std::string word(in_.word());
      if (word == "Affine") {
        (void)in_.line();
        word = std::string(in_.word());
      }
      const std::int64_t n = number(word, "the number of periodic nodes");
      PeriodicLink& link = mesh_.periodic.emplace_back();
      link.dimension = int(dimension);
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int32_t copy = position(in_.text_integer("a periodic node"));
        link.pairs.emplace_back(copy, position(in_.text_integer("a periodic node")));
      }
    }
    in_.set_binary(binary);
  }

  std::int64_t number(const std::string& word, const char* what) {
    std::int64_t value = 0;
    for (const char c : word) {
      if (c < '0' || c > '9' || value > 4'000'000'000)
        in_.fail(fmt::format("'{}' stands where {} should", word.substr(0, 24), what));
      value = 10 * value + (c - '0');
    }
    return value;
  }

  // ---- 4.1 ----

  void entity(int dimension) {
    const std::int32_t tag = in_.integer("the tag of an entity");
    entity_groups_[{dimension, tag}] = describe_entity(dimension);
  }

  /// Bounds, groups and bounding entities; the set of its groups.
  std::int32_t describe_entity(int dimension) {
    for (int i = 0; i < (dimension == 0 ? 3 : 6); ++i) (void)in_.real("the bounds of an entity");
    const std::int64_t count = in_.count("the number of physical groups", 1);
    std::vector<std::int32_t> groups;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int32_t tag = in_.integer("a physical group");
      if (tag != 0) groups.push_back(group(dimension, tag));
    }
    if (dimension > 0) {
      const std::int64_t bounding = in_.count("the number of bounding entities", 1);
      for (std::int64_t i = 0; i < bounding; ++i) (void)in_.integer("a bounding entity");
    }
    return mesh_.set_of(groups);
  }

  /// A piece of an entity that a partition has: where it names no group of its own, it has those of
  /// its parent.
  void partitioned_entity(int dimension) {
    const std::int32_t tag = in_.integer("the tag of an entity");
    const std::int32_t of = in_.integer("the dimension of a parent entity");
    const std::int32_t parent = in_.integer("the tag of a parent entity");
    const std::int64_t partitions = in_.count("the number of partitions", 1);
    for (std::int64_t i = 0; i < partitions; ++i) {
      partitions_of_[{dimension, tag}].insert(in_.integer("a partition"));
    }
    std::int32_t groups = describe_entity(dimension);
    if (const auto at = entity_groups_.find({of, parent});
        groups < 0 && of == dimension && at != entity_groups_.end()) {
      groups = at->second;
    }
    entity_groups_[{dimension, tag}] = groups;
  }

  template <class Read>
  void for_each_entity(Read&& read) {
    std::array<std::int64_t, 4> counts{};
    for (auto& n : counts) n = in_.count("the number of entities", 1);
    for (int d = 0; d < 4; ++d) {
      for (std::int64_t i = 0; i < counts[std::size_t(d)]; ++i) read(d);
    }
  }

  void entities() {
    for_each_entity([&](int d) { entity(d); });
  }

  void partitioned_entities() {
    partitions_ = std::size_t(in_.size("the number of partitions"));
    const std::int64_t ghosts = in_.count("the number of ghost entities", 2);
    for (std::int64_t i = 0; i < ghosts; ++i) {
      (void)in_.integer("the tag of a ghost entity");
      (void)in_.integer("a partition");
    }
    for_each_entity([&](int d) { partitioned_entity(d); });
  }

  void nodes_4() {
    const std::int64_t blocks = in_.count("the number of blocks of nodes", 1);
    const std::int64_t total = in_.count("the number of nodes", 2);
    (void)in_.size("the least node number");
    (void)in_.size("the largest node number");
    std::vector<std::int64_t> numbers;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int32_t dimension = in_.integer("the dimension of an entity");
      (void)in_.integer("the tag of an entity");
      const std::int32_t parametric = in_.integer("whether nodes have parameters");
      numbers.resize(std::size_t(in_.count("the number of nodes of a block", 2)));
      for (auto& n : numbers) n = in_.size("the number of a node");
      for (const std::int64_t n : numbers) {
        add_node(n, coordinates());
        for (int p = 0; parametric && p < dimension; ++p) (void)in_.real("a parameter of a node");
      }
    }
    if (total != std::int64_t(mesh_.points.size())) {
      in_.fail(fmt::format("{} nodes are announced and {} given; write the file again with gmsh",
                           total, mesh_.points.size()));
    }
  }

  void elements_4() {
    const std::int64_t blocks = in_.count("the number of blocks of elements", 1);
    (void)in_.count("the number of elements", 2);
    (void)in_.size("the least element number");
    (void)in_.size("the largest element number");
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int32_t dimension = in_.integer("the dimension of an entity");
      const std::int32_t tag = in_.integer("the tag of an entity");
      const std::int32_t type = in_.integer("the type of elements");
      const std::int64_t n = in_.count("the number of elements of a block", 2);
      const bool point = type == 15;
      Element e{.shape = point ? std::uint8_t(0) : shape_of(in_, type), .entity = tag};
      const auto groups = entity_groups_.find({dimension, tag});
      if (groups != entity_groups_.end()) e.groups = groups->second;
      if (const auto of = partitions_of_.find({dimension, tag});
          n > 0 && !point && of != partitions_of_.end()) {
        held_[std::size_t(shape_data(e.shape).dimension)].insert(of->second.begin(),
                                                                 of->second.end());
      }
      for (std::int64_t i = 0; i < n; ++i) {
        e.number = in_.size("the number of an element");
        const int vertices = point ? 1 : shape_data(e.shape).vertices;
        for (int v = 0; v < vertices; ++v) {
          e.vertex[std::size_t(v)] = position(in_.size("a node of an element"));
        }
        if (!point) mesh_.elements.push_back(e);
      }
    }
  }

  void periodic_4() {
    const std::int64_t links = in_.count("the number of periodic entities", 4);
    for (std::int64_t l = 0; l < links; ++l) {
      const std::int32_t dimension = in_.integer("the dimension of a periodic entity");
      (void)in_.integer("the tag of a periodic entity");
      (void)in_.integer("the tag of a periodic entity");
      const std::int64_t affine = in_.count("the number of entries of a transformation", 1);
      for (std::int64_t i = 0; i < affine; ++i) (void)in_.real("an entry of a transformation");
      const std::int64_t n = in_.count("the number of periodic nodes", 2);
      PeriodicLink& link = mesh_.periodic.emplace_back();
      link.dimension = dimension;
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int32_t copy = position(in_.size("a periodic node"));
        link.pairs.emplace_back(copy, position(in_.size("a periodic node")));
      }
    }
  }

  MshStream& in_;
  RawMesh& mesh_;
  bool two_ = false;
  std::unordered_map<std::int64_t, std::int32_t> position_;
  std::map<std::pair<int, std::int32_t>, std::int32_t> entity_groups_;  ///< sets of groups
  std::size_t partitions_ = 0;                                          // announced, in 4.1
  std::map<std::pair<int, std::int32_t>, std::set<std::int32_t>> partitions_of_;  // of an entity
  std::array<std::set<std::int32_t>, 4> held_;  // by dimension, those of the elements
};

}  // namespace

const ShapeData& shape_data(std::uint8_t shape) {
  // Sides as rings of vertices.
  static const ShapeData lines{1, 2, 2, 1, {{{0}, {1}}}};
  static const ShapeData triangles{2, 3, 3, 2, {{{0, 1}, {1, 2}, {2, 0}}}};
  static const ShapeData quads{2, 4, 4, 2, {{{0, 1}, {1, 2}, {2, 3}, {3, 0}}}};
  static const ShapeData tetrahedra{3, 4, 4, 3, {{{0, 2, 1}, {0, 1, 3}, {1, 2, 3}, {2, 0, 3}}}};
  static const ShapeData hexahedra{
      3,
      8,
      6,
      4,
      {{{0, 3, 2, 1}, {4, 5, 6, 7}, {0, 1, 5, 4}, {1, 2, 6, 5}, {2, 3, 7, 6}, {3, 0, 4, 7}}}};
  switch (shape) {
    case line:
      return lines;
    case triangle:
      return triangles;
    case quad:
      return quads;
    case tetrahedron:
      return tetrahedra;
    case hexahedron:
      return hexahedra;
    default:
      throw InternalError("no shape has the VTK number " + std::to_string(shape));
  }
}

std::int32_t RawMesh::set_of(const std::vector<std::int32_t>& of) {
  if (of.empty()) return -1;
  std::vector<std::int32_t> set;
  for (const std::int32_t g : of) {
    if (std::ranges::find(set, g) == set.end()) set.push_back(g);
  }
  const auto at = std::ranges::find(group_sets, set);
  if (at == group_sets.end()) group_sets.push_back(set);
  return std::int32_t(std::ranges::find(group_sets, set) - group_sets.begin());
}

std::int32_t RawMesh::joined(std::int32_t a, std::int32_t b) {
  if (a < 0 || b < 0) return std::max(a, b);
  std::vector<std::int32_t> both = group_sets[std::size_t(a)];
  const std::vector<std::int32_t>& more = group_sets[std::size_t(b)];
  both.insert(both.end(), more.begin(), more.end());
  return set_of(both);
}

void RawMesh::fail(const std::string& message) const {
  throw InputError(file.string() + ": " + message);
}

RawMesh read_msh(const std::filesystem::path& file) {
  RawMesh mesh;
  mesh.file = file;
  MshStream in(file);
  Reader(in, mesh).read();
  return mesh;
}

}  // namespace otto::gmsh
