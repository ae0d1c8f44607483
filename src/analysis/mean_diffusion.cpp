#include "mean_diffusion.h"

#include <array>

#include "otto/core/reproducible_sum.h"

namespace otto {

double mean_diffusion(const Generator& generator) {
  const Mesh& mesh = generator.mesh();
  const Faces& faces = mesh.faces;
  std::array<ReproducibleSum, 2> parts;  // of the faces, of the volumes
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    if (faces.left[f] >= mesh.owned) continue;  // a face between two ranks counts on one of them
    const double rate = (generator.forward()[f] + generator.backward()[f]) / 2;
    parts[0] += rate * faces.distance[f] * faces.distance[f];
  }
  parts[1].add(std::span(mesh.volume).first(std::size_t(mesh.owned)));
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  return sums[0] / (mesh.dimension * sums[1]);
}

}  // namespace otto
