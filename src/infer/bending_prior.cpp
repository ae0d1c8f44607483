#include "otto/infer/bending_prior.h"

#include "otto/infer/scattered_plate.h"
#include "otto/infer/thin_plate.h"

namespace otto {

std::unique_ptr<BendingPrior> make_bending_prior(const Mesh& mesh) {
  if (mesh.box) return std::make_unique<ThinPlate>(mesh);
  return std::make_unique<ScatteredPlate>(mesh);
}

}  // namespace otto
