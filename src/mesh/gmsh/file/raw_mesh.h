#pragma once
// A mesh as its file tells it: vertices, cells, tagged boundary faces, all on one rank.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "otto/core/point.h"

namespace otto::gmsh {

/// The shapes Otto takes, with their VTK numbers.
enum Shape : std::uint8_t { line = 3, triangle = 5, quad = 9, tetrahedron = 10, hexahedron = 12 };

/// A shape's dimension, vertices and sides; corner order is Gmsh's, which is VTK's for these.
struct ShapeData {
  int dimension = 0, vertices = 0, sides = 0;
  int side_vertices = 0;
  std::array<std::array<std::int8_t, 4>, 6> side{};  ///< positions of a side's vertices, in a ring
};
const ShapeData& shape_data(std::uint8_t shape);

/// One element of the file: a cell, or a face with a tag.
struct Element {
  std::uint8_t shape = 0;
  std::int32_t entity = 0;               ///< of the geometry
  std::int32_t groups = -1;              ///< index into RawMesh::group_sets; -1: none
  std::int64_t number = 0;               ///< as the file numbers it
  std::array<std::int32_t, 8> vertex{};  ///< positions in RawMesh::points
};

struct PhysicalGroup {
  int dimension = 0;
  std::int32_t tag = 0;
  std::string name;  ///< the tag as text where the file has no name
};

/// Two sides of the domain that are one: pairs (copy, original) of points.
struct PeriodicLink {
  int dimension = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
};

struct RawMesh {
  std::filesystem::path file;
  int dimension = 0;  ///< of the cells
  std::vector<Point> points;
  std::vector<std::int64_t> node;  ///< the file's number of each point
  std::vector<Element> elements;   ///< as read, every dimension
  std::vector<Element> cells,
      faces;  ///< those of `dimension` and of one less, after validate_elements
  std::vector<PhysicalGroup> groups;
  std::vector<std::vector<std::int32_t>> group_sets;  ///< indices into `groups`, each set once
  std::vector<PeriodicLink> periodic;

  [[noreturn]] void fail(const std::string& message) const;  ///< InputError "FILE: message"
  /// The index of a set of groups, added where it is new; -1 for the empty one.
  std::int32_t set_of(const std::vector<std::int32_t>& groups);
  /// The index of the union of two sets.
  std::int32_t joined(std::int32_t a, std::int32_t b);
};

/// Reads a Gmsh file, versions 2.2 and 4.1, text or binary. Throws InputError.
RawMesh read_msh(const std::filesystem::path& file);

/// Sorts the elements into cells and faces, each once with all its groups, drops points nobody uses,
/// turns cells the right way round, and refuses what cannot be a mesh: no cells, curved surfaces,
/// inverted cells, duplicate vertices. Where no cell has a group, all are in one called "all".
/// Throws InputError.
void validate_elements(RawMesh& mesh);

}  // namespace otto::gmsh
