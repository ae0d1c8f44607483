#pragma once
// The one finite-volume topology: cells, faces and two-point data, distributed. Boxes and general
// meshes are only different builders of it; nothing downstream may tell the difference.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/core/comm.h"
#include "otto/core/point.h"
#include "otto/mesh/box.h"
#include "otto/mesh/halo.h"
#include "otto/mesh/labels.h"
#include "otto/mesh/simplices.h"

namespace otto {

/// Interior faces, as flat arrays. The flux through face f is counted positive from `left` to
/// `right`. Every face with an owned cell is present on this rank (so a face between two ranks is
/// present on both); `left` or `right` may be a ghost. Periodic neighbours are ghosts as well, so
/// that center[right] - center[left] is the true vector across the face.
struct Faces {
  std::vector<std::int32_t> left;   ///< local index of the cell on one side
  std::vector<std::int32_t> right;  ///< and on the other
  /// area / distance, length^(d-2); times D across the face where `geometric` is not empty.
  std::vector<double> transmissibility;
  std::vector<double> distance;  ///< between the two centres
  /// The part of the distance that lies left of the face; empty where it is half of it, and on boxes.
  std::vector<double> left_share;
  /// area / distance alone, where transmissibilities hold a diffusion D (operators/face_diffusion.h);
  /// else empty.
  std::vector<double> geometric;
  /// Of a general mesh: faces across a period whose `left` is the copy, as seen from the rank that
  /// owns `left`, so that both sides evaluate a drift at the same place.
  struct Moved {
    std::int32_t face = 0;  ///< its index
    Point middle{};         ///< of the two centres
    Point across{};         ///< from left to right
  };
  std::vector<Moved> moved;  ///< none on a box
  /// Number of faces.
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(left.size()); }
};

/// Faces on the boundary of the domain (no-flux unless a case says otherwise).
struct BoundaryFaces {
  std::vector<std::int32_t> cell;        ///< local index of the owned cell inside
  std::vector<std::int32_t> tag;         ///< label of Mesh::boundary_names; -1: has no name
  std::vector<double> transmissibility;  ///< area / distance from the centre to the face, times D
  std::vector<double> geometric;         ///< without D, as of `Faces`; else empty
  std::vector<double> area;              ///< length^(d-1)
  std::vector<double> distance;          ///< that distance; <= 0 where the centre is not inside
  std::vector<Point> normal;             ///< outward, of length 1
  /// Number of faces.
  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(cell.size()); }
};

/// How well a mesh carries two-point fluxes. On a box everything is as good as can be.
struct MeshQuality {
  double worst_angle = 0;    ///< degrees between a line of centres and the normal of its face
  std::int64_t joined = 0;   ///< cells of the file joined with a neighbour: one circumcircle
  std::int64_t outside = 0;  ///< centres outside the mesh, beyond a wall
};

struct CellShapes;

/// Local cells are numbered owned first (0 .. owned-1), then ghosts (owned .. owned+ghosts-1).
struct Mesh {
  /// Without cells; for builders.
  explicit Mesh(Comm c) : comm(c) {}
  Mesh(Mesh&&) = default;  ///< what refers to the mesh refers to nothing after that
  Mesh(const Mesh&) = delete;

  Comm comm;                      ///< of the ranks that share it
  int dimension = 0;              ///< 1, 2 or 3
  std::int32_t owned = 0;         ///< cells owned by this rank
  std::int32_t ghosts = 0;        ///< copies of neighbours' cells
  std::int64_t global_cells = 0;  ///< over all ranks

  std::vector<double> volume;               ///< owned + ghosts; length^d
  std::vector<Point> center;                ///< owned + ghosts
  std::vector<std::int64_t> global;         ///< owned + ghosts; independent of the partition
  Faces faces;                              ///< between two cells
  BoundaryFaces boundary;                   ///< between a cell and the outside
  std::vector<std::string> boundary_names;  ///< "x_min", "x_max", ... on a box
  LabelSets boundary_sets;                  ///< of sides with several names
  std::vector<std::int32_t> region;         ///< owned + ghosts, labels of region_names; -1: none
  std::vector<std::string> region_names;    ///< none on a box, where `region` is empty
  LabelSets region_sets;                    ///< of cells in several regions
  std::vector<double> region_volume;        ///< of each region, over all ranks
  /// Where cells reach across the border of regions (those around vertices): what each owned cell
  /// has of them. Null where every cell lies inside its `region`.
  std::shared_ptr<const RegionFractions> region_fractions;
  MeshQuality quality;  ///< how well two-point fluxes suit it

  Halo halo;                            ///< fills ghost values of a cell field
  std::shared_ptr<const BoxBlock> box;  ///< this rank's block where the mesh is a box, else null
  std::shared_ptr<const CellShapes> shapes;  ///< of the owned cells where the mesh is no box
  /// Parts of the owned cells whose shape no quadrature knows (polyhedra), else null.
  std::shared_ptr<const struct CellPieces> pieces;
  /// Where the cells are bounded by medians, else null. The lines between their points are orthogonal
  /// to nothing: such a mesh's faces are the edges of its simplices, with the sum of their couplings
  /// as the transmissibility, which may be negative (simplices.h).
  std::shared_ptr<const std::vector<Simplex>> simplices;
  std::shared_ptr<const std::vector<Coupling>> couplings;  ///< likewise

  // Of a general mesh:
  Point lower{};                  ///< least coordinates of its vertices
  Point upper{};                  ///< largest coordinates of its vertices
  std::vector<Point> periods;     ///< the translations across its periodic sides
  bool centres_on_walls = false;  ///< the cells surround the vertices, some of which lie on walls
  std::vector<std::string> remarks;  ///< what was chosen and changed, in words for the log

  /// Length of a cell field with ghosts.
  [[nodiscard]] std::int32_t local() const { return owned + ghosts; }
};

/// Sum over all cells of volume * values (owned entries used). Collective.
double integral(const Mesh& mesh, std::span<const double> values);

/// The cells as ParaView sees them: this rank's owned cells, in local order.
struct CellShapes {
  std::vector<Point> points;               ///< corners
  std::vector<std::int64_t> connectivity;  ///< indices into `points`
  std::vector<std::int64_t> offsets;       ///< owned + 1 entries, first 0
  std::vector<std::uint8_t> types;         ///< VTK cell types: 3 line, 7 polygon, 9 quad, ...
};
/// Those of any mesh; on a box made on demand.
CellShapes cell_shapes(const Mesh& mesh);

/// Each owned cell as a sum of simplices; one that is turned over is subtracted.
struct CellPieces {
  CellShapes simplices;             ///< of all owned cells
  std::vector<std::int64_t> first;  ///< of each owned cell, and the end
};

}  // namespace otto
