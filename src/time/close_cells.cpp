#include "close_cells.h"

namespace otto {

namespace {

/// Distance of two centres over the height of both cells above their face, from which they are
/// apart: 1/2 to 1 of good shapes, however stretched.
constexpr double apart = 0.1;

}  // namespace

CloseCells::CloseCells(const Mesh& mesh) : mesh_(mesh) {
  const Faces& faces = mesh.faces;
  const bool of_centres = !mesh.box && !mesh.couplings;  // else distances say nothing of shapes
  for (std::int32_t face = 0; of_centres && face < std::int32_t(faces.size()); ++face) {
    const auto f = std::size_t(face);
    const double area = faces.transmissibility[f] * faces.distance[f];
    const double volumes =
        mesh.volume[std::size_t(faces.left[f])] + mesh.volume[std::size_t(faces.right[f])];
    if (faces.distance[f] * area < apart * volumes) faces_.push_back(face);
  }
  any_ = mesh.comm.any(!faces_.empty());
}

void CloseCells::even_out(std::span<const double> before, std::span<double> after) const {
  if (!any_) return;
  const std::vector<double> moved(after.begin(), after.end());
  std::vector<double> weight(mesh_.volume.begin(), mesh_.volume.end()), sum(moved.size());
  const auto change = [&](std::size_t k) { return mesh_.volume[k] * (moved[k] - before[k]); };
  for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = change(k);
  for (const std::int32_t face : faces_) {
    const auto K = std::size_t(mesh_.faces.left[std::size_t(face)]);
    const auto L = std::size_t(mesh_.faces.right[std::size_t(face)]);
    sum[K] += change(L);
    weight[K] += mesh_.volume[L];
    sum[L] += change(K);
    weight[L] += mesh_.volume[K];
  }
  for (const std::int32_t face : faces_) {
    for (const std::int32_t cell :
         {mesh_.faces.left[std::size_t(face)], mesh_.faces.right[std::size_t(face)]}) {
      const auto k = std::size_t(cell);
      after[k] = before[k] + sum[k] / weight[k];
    }
  }
  mesh_.halo.update(mesh_.comm, after);
}

}  // namespace otto
