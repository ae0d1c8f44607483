#include "otto/operators/face_temperature.h"

#include "otto/operators/face_diffusion.h"

namespace otto {

namespace {

/// Has what a D of the same values would have at faces.
Diffusion as_diffusion(const Mesh& mesh, const VaryingTemperature& kT) {
  Diffusion D;
  D.dimension = mesh.dimension;
  D.everywhere = {{kT.everywhere}};
  D.place = kT.place;
  D.letter = "kT";
  for (const Function& own : kT.region) D.region.push_back({{own}});
  return D;
}

std::vector<double> on_walls(const Mesh& mesh, const VaryingTemperature& kT, double t) {
  const BoundaryFaces& boundary = mesh.boundary;
  std::vector<Point> points;
  for (std::size_t f = 0; f < std::size_t(boundary.size()); ++f) {
    Point x = mesh.center[std::size_t(boundary.cell[f])];
    for (std::size_t i = 0; i < 3; ++i) x[i] += boundary.distance[f] * boundary.normal[f][i];
    points.push_back(x);
  }
  std::vector<double> values;
  mesh.comm.together([&] { values = kT.at(mesh, points, boundary.cell, t); });
  return values;
}

}  // namespace

FaceTemperature face_temperature(const Mesh& mesh, const VaryingTemperature& kT, double t) {
  FaceDiffusion across = face_diffusion(mesh, as_diffusion(mesh, kT), t);
  return {.cells = kT.of_cells(mesh, t),
          .faces = std::move(across.faces),
          .half_way = std::move(across.boundary),
          .walls = on_walls(mesh, kT, t)};
}

}  // namespace otto
