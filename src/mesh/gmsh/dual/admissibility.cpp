#include "admissibility.h"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "otto/core/error.h"

namespace otto::gmsh {

namespace {

/// Degrees. A line of centres that leans by more makes an error that does not fall with h.
constexpr double max_angle = 0.1;
/// Below this distance over the face's size the lean is measured against it: the centres are one.
constexpr double min_lever = 1e-3;

}  // namespace

void Admissibility::see(const Crossing& c, double warp, const PartCell& K, const PartCell& L,
                        const Point& at) {
  ++faces_;
  const double lean =
      std::atan2(std::max(c.along, warp), std::max(std::abs(c.relative), min_lever)) * 180 /
      std::numbers::pi;
  if (lean > max_angle) ++angle_.bad;
  if (lean > angle_.value) angle_ = {lean, {K.element, L.element}, at, angle_.bad};
  if (!(c.relative > coincident)) ++distance_.bad;
  if (c.relative < distance_.value) {
    distance_ = {c.relative, {K.element, L.element}, at, distance_.bad};
  }
}

std::string fault_in(const std::string& message, const std::string& file) {
  const std::size_t begin = message.starts_with(file) ? file.size() + 2 : 0;
  return message.substr(begin, message.find(", so two-point fluxes") - begin);
}

std::string Admissibility::where(const Worst& w) const {
  const std::string at = part_.dimension == 2
                             ? fmt::format("({:.6g}, {:.6g})", w.at[0], w.at[1])
                             : fmt::format("({:.6g}, {:.6g}, {:.6g})", w.at[0], w.at[1], w.at[2]);
  return w.elements[0] == w.elements[1] ? fmt::format("inside element {} at {}", w.elements[0], at)
                                        : fmt::format("between the elements {} and {} at {}",
                                                      w.elements[0], w.elements[1], at);
}

MeshQuality Admissibility::judge(const Mesh& mesh) const {
  MeshQuality all;
  all.worst_angle = comm_.max(angle_.value);
  const double min = comm_.min(distance_.value);
  all.joined = comm_.sum(mesh.quality.joined);
  std::vector<bool> outside(std::size_t(mesh.owned), false);
  for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
    if (mesh.boundary.distance[f] < 0) outside[std::size_t(mesh.boundary.cell[f])] = true;
  }
  all.outside = comm_.sum(std::int64_t(std::count(outside.begin(), outside.end(), true)));
  const std::int64_t leaning = comm_.sum(angle_.bad), against = comm_.sum(distance_.bad),
                     faces = comm_.sum(faces_);
  comm_.together([&] {
    if (leaning > 0 && angle_.value == all.worst_angle) {
      throw InputError(fmt::format(
          "{}: the side {} is not orthogonal to the line between the centres of its cells (off by "
          "{:.3g} degrees), and {} of {} sides are like it, so two-point fluxes are not consistent "
          "on this mesh. Quadrilaterals and hexahedra need corners on one circle (rectangles, "
          "isosceles trapezoids). Leave the choice of cells to Otto: mesh.control_volumes = "
          "\"auto\"; or take cells that ask for nothing, \"medians\"",
          part_.file, where(angle_), angle_.value, leaning, faces));
    }
    if (against > 0 && distance_.value == min) {
      throw InputError(fmt::format(
          "{}: at the side {} the centres of the two cells stand the wrong way round (distance "
          "{:.3g} of the side's size), and {} of {} sides are like it: the mesh is not Delaunay "
          "there, so two-point fluxes are not consistent. Mesh it again without smoothing and "
          "optimisation (Mesh.Algorithm = 5; Mesh.Smoothing = 0; Mesh.Optimize = 0;){}, or "
          "leave the choice of cells to Otto: mesh.control_volumes = \"auto\"; or take cells that "
          "ask for nothing, \"medians\"",
          part_.file, where(distance_), distance_.value, against, faces,
          distance_.elements[0] == distance_.elements[1]
              ? ", and finer from the start instead of by mesh.refine, which halves obtuse "
                "triangles badly"
              : ""));
    }
  });
  return all;
}

}  // namespace otto::gmsh
