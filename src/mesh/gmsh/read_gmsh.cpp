// [mesh] kind = "gmsh": the keys, and the way from a file to a Mesh.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "dual/admissibility.h"
#include "dual/builders.h"
#include "file/delaunay.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/core/error.h"
#include "otto/mesh/gmsh.h"
#include "partition/part.h"

namespace otto {

namespace {

const Declare declare{
    {},
    {{.path = "mesh.file",
      .type = Type::text,
      .doc = "Gmsh mesh (.msh, version 2.2 or 4.1, text or binary) of triangles, quadrilaterals, "
             "tetrahedra or hexahedra; physical names become regions and sides.",
      .required = true,
      .when = "kind=gmsh",
      .file = true},
     {.path = "mesh.refine",
      .type = Type::integer,
      .doc = "How often every cell is cut into 2^d after the mesh is distributed.",
      .fallback = "0",
      .range = {.min = 0, .max = 12},
      .when = "kind=gmsh"},
     {.path = "mesh.control_volumes",
      .type = Type::text,
      .doc = "What the cells of the scheme are.",
      .fallback = "\"auto\"",
      .when = "kind=gmsh"},
     {.path = "mesh.partitioner",
      .type = Type::text,
      .doc = "How the ranks share the cells.",
      .fallback = "\"bisection\"",
      .when = "kind=gmsh"}},
    {{.path = "mesh.control_volumes",
      .value = "auto",
      .doc =
          "`elements` where every side of the mesh carries them; of a plane mesh after its "
          "quadrilaterals are cut in two and its sides flipped until they are Delaunay, where it "
          "takes that; else `medians`. The log and `otto check` say which and why."},
     {.path = "mesh.control_volumes",
      .value = "elements",
      .doc = "The elements of the file, centred at their circumcentres."},
     {.path = "mesh.control_volumes",
      .value = "vertices",
      .doc =
          "One cell around each vertex, bounded by the perpendicular bisectors of the edges (the "
          "Voronoi dual)."},
     {.path = "mesh.control_volumes",
      .value = "medians",
      .doc = "One cell around each vertex, bounded by medians: on any mesh, with fluxes from whole "
             "gradients."},
     {.path = "mesh.kind",
      .value = "gmsh",
      .doc = "A mesh of triangles, quadrilaterals, tetrahedra "
             "or hexahedra from a Gmsh file."},
     {.path = "mesh.partitioner",
      .value = "bisection",
      .doc = "Cut across the longest extent again and again: the same for every run."},
     {.path = "mesh.partitioner",
      .value = "ptscotch",
      .doc = "PT-Scotch: fewer cells to exchange, a little different from run to run."},
     {.path = "mesh.partitioner", .value = "blocks", .doc = "Cells in the order of the file."}}};

using namespace gmsh;

/// Reads the file and makes the cells, once or several times.
class MeshMaker {
 public:
  MeshMaker(const Comm& comm, const Section& section, const MeshUse& use)
      : comm_(comm), section_(section), use_(use), refine_(int(section.integer("refine"))) {
    raw_.file = section.file("file");
    comm_.together([&] {
      if (!comm_.is_root()) return;
      raw_ = read_msh(raw_.file);
      validate_elements(raw_);
    });
  }

  Mesh make() {
    const std::string cells = section_.text("control_volumes");
    if (cells == "elements") return elements(raw_, refine_);
    if (cells == "vertices")
      return vertex_centred(comm_, part(raw_, refine_, GhostPolicy::vertices));
    if (cells == "medians") return medians();
    if (use_.gradients) {
      Mesh mesh = medians();
      mesh.remarks.emplace_back(
          "control volumes: medians, for fluxes from whole gradients (flux.kind = \"simplex\")");
      return mesh;
    }
    return choose();
  }

 private:
  Part part(const RawMesh& raw, int refine, GhostPolicy ghosts) const {
    const std::string how = section_.text("partitioner");
    Part part = distribute(comm_, raw,
                           how == "bisection"  ? Partitioner::bisection
                           : how == "ptscotch" ? Partitioner::ptscotch
                                               : Partitioner::blocks,
                           ghosts, refine > 0);
    gmsh::refine(comm_, part, refine);
    return part;
  }
  Mesh elements(const RawMesh& raw, int refine) const {
    return cell_centred(comm_, part(raw, refine, GhostPolicy::elements));
  }
  Mesh medians() const { return median_centred(comm_, part(raw_, refine_, GhostPolicy::medians)); }

  Mesh choose() {
    std::string fault;
    if (auto mesh = admissible(raw_, refine_, fault)) {
      mesh->remarks.emplace_back("control volumes: elements, which every side of the mesh carries");
      return std::move(*mesh);
    }
    const std::string first = fault;
    if (auto mesh = repaired(fault)) return std::move(*mesh);
    Mesh mesh = medians();
    mesh.remarks.push_back("control volumes: medians, since with elements " +
                           (fault.empty() ? first : fault));
    mesh.remarks.emplace_back(
        "flux: whole gradients (flux.kind = \"simplex\") for implicit_euler and midpoint, rates "
        "fitted in "
        "every simplex for a drift, absorbing sides, analyses and other schemes");
    return mesh;
  }

  /// The elements as cells, or nothing and the fault that forbids it. Collective.
  std::optional<Mesh> admissible(const RawMesh& raw, int refine, std::string& fault) const {
    const Part all = part(raw, refine, GhostPolicy::elements);
    try {
      Mesh mesh = cell_centred(comm_, all);
      const std::string obtuse = obtuse_side(mesh);
      if (obtuse.empty()) return mesh;
      fault = "an angle of 90 degrees or more faces the side '" + obtuse +
              "', on which a value is held";
    } catch (const Error& error) {
      if (error.status() != ExitStatus::bad_input) throw;
      fault = fault_in(error.what(), all.file);
    }
    return std::nullopt;
  }

  /// A plane mesh with its sides flipped.
  std::optional<Mesh> repaired(std::string& fault) const {
    RawMesh raw;
    std::array<double, 3> done{};  // dimension, cells cut, sides flipped
    comm_.together([&] {
      if (!comm_.is_root()) return;
      raw = raw_;
      const Repairs repairs = make_delaunay(raw, refine_);
      done = {double(raw.dimension), double(repairs.cut), double(repairs.flipped)};
    });
    comm_.sum_in_place(done);
    if (done[0] != 2 || done[1] + done[2] == 0) return std::nullopt;
    auto mesh = admissible(raw, 0, fault);
    if (!mesh) return mesh;
    std::string what;
    if (done[1] > 0) what = fmt::format("{} quadrilaterals are cut in two", done[1]);
    if (done[2] > 0) {
      what += fmt::format("{}{} sides that were not Delaunay are flipped", what.empty() ? "" : ", ",
                          done[2]);
    }
    mesh->remarks.push_back("control volumes: elements; " + what + ", the vertices stay");
    return mesh;
  }

  /// The name of a held side that some centre does not lie in front of, else "".
  std::string obtuse_side(const Mesh& mesh) const {
    const std::size_t names = mesh.boundary_names.size();
    for (std::size_t n = 0; n < names; ++n) {
      if (std::ranges::find(use_.held, mesh.boundary_names[n]) == use_.held.end()) continue;
      bool behind = false;
      for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
        behind =
            behind ||
            (has_name(mesh.boundary.tag[f], std::int32_t(n), names, mesh.boundary_sets) &&
             !(mesh.boundary.distance[f] > 0 && std::isfinite(mesh.boundary.transmissibility[f])));
      }
      if (comm_.any(behind)) return mesh.boundary_names[n];
    }
    return "";
  }

  const Comm& comm_;
  const Section& section_;
  const MeshUse& use_;
  int refine_;
  RawMesh raw_;
};

}  // namespace

Mesh make_gmsh_mesh(const Comm& comm, const Section& section, const MeshUse& use) {
  return MeshMaker(comm, section, use).make();
}

}  // namespace otto
