#include "mean_diffusion.h"

#include <array>

namespace otto {

double mean_diffusion(const Generator& generator) {
  const Mesh& mesh = generator.mesh();
  const Faces& faces = mesh.faces;
  std::array<double, 2> sums{};  // of the faces, of the volumes
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    // a face between two ranks is known to both
    const double share =
        0.5 * ((faces.left[f] < mesh.owned ? 1 : 0) + (faces.right[f] < mesh.owned ? 1 : 0));
    const double rate = (generator.forward()[f] + generator.backward()[f]) / 2;
    sums[0] += share * rate * faces.distance[f] * faces.distance[f];
  }
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) sums[1] += mesh.volume[k];
  mesh.comm.sum_in_place(sums);
  return sums[0] / (mesh.dimension * sums[1]);
}

}  // namespace otto
