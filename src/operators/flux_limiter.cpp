#include "otto/operators/flux_limiter.h"

#include <algorithm>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/reproducible_sum.h"
#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

/// Of the mean density: ratios of smaller values are those of rounding and undershoots.
constexpr double floor_of_mean = 1e-14;

double koren(double r) { return std::max(0.0, std::min({2 * r, (1 + 2 * r) / 3, 2.0})); }

/// kappa(r) for the slope `upwind` before and `across` the face.
double koren(double upwind, double across) {
  if (upwind * across <= 0) return 0;  // an extremum, or nothing to give back
  return koren(upwind / across);
}

/// Slopes of a cell along one axis to the cell below and to that above; 0 at walls.
struct Slopes {
  std::vector<double> below, above;  // owned + ghosts
};

Slopes slopes_along(const Mesh& mesh, std::span<const double> rho, int axis,
                    const std::vector<int>& axes) {
  const Faces& faces = mesh.faces;
  Slopes s{std::vector<double>(rho.size(), 0.0), std::vector<double>(rho.size(), 0.0)};
  for (std::size_t f = 0; f < axes.size(); ++f) {
    if (axes[f] != axis) continue;
    const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
    const double slope = (rho[L] - rho[K]) / faces.distance[f];
    if (K < std::size_t(mesh.owned)) s.above[K] = slope;
    if (L < std::size_t(mesh.owned)) s.below[L] = slope;
  }
  mesh.halo.update(mesh.comm, s.below);
  mesh.halo.update(mesh.comm, s.above);
  return s;
}

}  // namespace

LimiterRatios limiter_ratios(const Mesh& mesh, std::span<const double> rho) {
  if (!mesh.box) throw InternalError("limited fluxes are for boxes");
  const Faces& faces = mesh.faces;
  const auto n = std::size_t(faces.size());
  std::vector<int> axes(n);
  std::size_t next = 0;
  for_each_face(
      *mesh.box, GhostLayers(*mesh.box),
      [&](int axis, const BlockIndex&, std::int32_t, std::int32_t) { axes[next++] = axis; });
  ReproducibleSum volume;
  volume.add(std::span(mesh.volume).first(std::size_t(mesh.owned)));
  const double mean = integral(mesh, rho) / sum_of_all(mesh.comm, volume);
  const double min = std::max(floor_of_mean * mean, 1e-300);
  std::vector<double> floored(rho.begin(), rho.end());
  for (double& r : floored) r = std::max(r, min);

  LimiterRatios g{std::vector<double>(n), std::vector<double>(n)};
  for (int axis = 0; axis < mesh.dimension; ++axis) {
    const Slopes s = slopes_along(mesh, floored, axis, axes);
    for (std::size_t f = 0; f < n; ++f) {
      if (axes[f] != axis) continue;
      const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
      const double rise = floored[L] - floored[K], across = rise / faces.distance[f];
      g.left[f] = koren(s.below[K], across) * rise / floored[K];
      g.right[f] = -koren(s.above[L], across) * rise / floored[L];
    }
  }
  return g;
}

}  // namespace otto
