// V on an absorbing face is continued linearly from the two cells behind it,
//
//   V_f = V_K + reach (V_K - V_L),     reach = |x_f - x_K| / |x_K - x_L|,
//
// which is exact for the piecewise linear V that the Scharfetter-Gummel flux is exact for, and
// works for tables and networks that are known at cell centres only.

#include "otto/operators/absorbing.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/casefile/suggest.h"
#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "boundary",
      .doc = "What happens at the sides of the mesh; walls without flux if not said."}},
    {{.path = "boundary.absorbing",
      .type = Type::texts,
      .doc = "Sides through which mass leaves for good: x_min ... z_max on a box. The density is 0 "
             "on the face itself.",
      .fallback = "[]",
      .equation = "rho = 0"}}};

/// The cell next to `at` along an axis, away from side 0 or 1; -1 where the box has none.
std::int32_t inner_cell(const BoxBlock& b, const GhostLayers& ghosts, BlockIndex at, std::size_t a,
                        int side) {
  const std::int32_t step = side == 0 ? 1 : -1;
  const std::int32_t next = at[a] + step;
  if (next >= 0 && next < b.size[a]) {
    at[a] = next;
    return local_cell(b, at);
  }
  const std::int32_t first = ghosts.first[a][std::size_t(1 - side)];
  const std::size_t u = a == 0 ? 1 : 0, v = a == 2 ? 1 : 2;
  return first < 0 ? -1 : first + at[u] + b.size[u] * at[v];
}

BlockIndex index_of(const BoxBlock& b, std::int32_t cell) {
  return {cell % b.size[0], cell / b.size[0] % b.size[1], cell / (b.size[0] * b.size[1])};
}

}  // namespace

std::vector<AbsorbingFace> absorbing_faces(const Mesh& mesh, std::span<const std::string> names) {
  std::vector<AbsorbingFace> faces;
  if (names.empty()) return faces;
  const BoxBlock& b = *mesh.box;
  const GhostLayers ghosts(b);
  for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
    const std::string& name = mesh.boundary_names[std::size_t(mesh.boundary.tag[f])];
    if (std::ranges::find(names, name) == names.end()) continue;
    const auto a = std::size_t(name[0] - 'x');
    const int side = name.ends_with("max") ? 1 : 0;
    AbsorbingFace face;
    face.cell = mesh.boundary.cell[f];
    face.transmissibility = mesh.boundary.transmissibility[f];
    face.normal[a] = side == 1 ? 1 : -1;
    const BlockIndex at = index_of(b, face.cell);
    face.distance = 0.5 * b.width(int(a), b.begin[a] + at[a]);
    face.inner = inner_cell(b, ghosts, at, a, side);
    if (face.inner >= 0) {
      const double between =
          mesh.center[std::size_t(face.cell)][a] - mesh.center[std::size_t(face.inner)][a];
      face.reach = face.distance / std::abs(between);
    }
    faces.push_back(face);
  }
  return faces;
}

std::vector<std::string> read_absorbing(const Case& c, const Mesh& mesh) {
  const Section boundary = c.section("boundary");
  auto names = boundary.texts("absorbing");
  for (const std::string& name : names) {
    if (std::ranges::find(mesh.boundary_names, name) != mesh.boundary_names.end()) continue;
    const bool none = mesh.boundary_names.empty();
    boundary.fail(
        "absorbing",
        fmt::format("the mesh has no side '{}'{} {}", name, did_you_mean(name, mesh.boundary_names),
                    none ? "All its axes are periodic."
                         : fmt::format("Its sides are {}; periodic axes have none.",
                                       list_words(mesh.boundary_names))));
  }
  return names;
}

}  // namespace otto
