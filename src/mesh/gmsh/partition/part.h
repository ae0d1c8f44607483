#pragma once
// What one rank holds of a mesh: its own cells, and copies of those next to them.

#include <cstdint>
#include <string>
#include <vector>

#include "../file/raw_mesh.h"
#include "otto/core/comm.h"
#include "otto/mesh/labels.h"

namespace otto::gmsh {

struct PartCell {
  std::uint8_t shape = 0;
  bool ghost = false;        ///< a copy: of another rank's cell, or of one across a period
  std::int32_t owner = 0;    ///< the rank that has the cell
  std::int32_t region = -1;  ///< label of Part::region_names
  std::int32_t image = 0;    ///< 0 in place; else which periodic copy, counted on each rank
  std::int64_t number = 0;   ///< of the cell, over all ranks
  std::int64_t element = 0;  ///< of the file, that it is or comes from
  std::int64_t cluster = 0;  ///< cells of one circumcircle in the file: they stay together
  std::array<std::int32_t, 8> vertex{};
};

/// A side of the domain with a name.
struct TaggedSide {
  std::uint8_t shape = 0;
  std::int32_t tag = 0;  ///< label of Part::boundary_names
  std::array<std::int32_t, 8> vertex{};
};

struct Part {
  std::string file;
  int dimension = 0;
  std::int64_t global_cells = 0;
  std::vector<Point> points;
  std::vector<PartCell> cells;  ///< own ones first
  std::vector<TaggedSide> sides;
  std::vector<std::string> region_names, boundary_names;
  LabelSets region_sets, boundary_sets;
  std::vector<Point> periods;  ///< translations across periodic sides

  /// For cells around the vertices, else empty: who has each point, and its number over all ranks.
  /// Points that are one across periods have one number.
  std::vector<std::int32_t> point_owner;
  std::vector<std::int64_t> point_number;
  std::int64_t global_points = 0;
};

enum class Partitioner { bisection, ptscotch, blocks };

/// Cells in the order of the file, and who gets them.
struct Division {
  std::vector<std::int32_t> rank;     ///< of each cell
  std::vector<std::int32_t> cluster;  ///< the first cell of each cell's cluster
};

/// Adjacent cells, both ways, as in the compressed rows of a matrix.
struct Graph {
  std::vector<std::int32_t> begin, neighbour;
};

/// Shares `weights.size()` vertices of a graph out to `parts` ranks, with about the same weight
/// each. The first by coordinates: the same for every run. The second by PT-Scotch.
std::vector<std::int32_t> bisect(const std::vector<Point>& places,
                                 const std::vector<std::int32_t>& weights, int parts);
std::vector<std::int32_t> ptscotch(const Graph& graph, const std::vector<std::int32_t>& weights,
                                   int parts);

/// Copies a rank needs: of the cells next to its own, or of all cells at its own vertices. Cells
/// bounded by bisectors end at periodic sides and are refused there; those bounded by medians go on.
enum class GhostPolicy { elements, vertices, medians };

/// Rank 0 hands out the parts of a mesh that it alone holds; `to_be_cut`: refine follows.
/// Collective; throws InputError.
Part distribute(const Comm& comm, const RawMesh& mesh, Partitioner partitioner, GhostPolicy ghosts,
                bool to_be_cut);

/// Every cell cut into 2^d, `times` times. Collective.
void refine(const Comm& comm, Part& part, int times);

}  // namespace otto::gmsh
