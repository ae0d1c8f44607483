#include "otto/particles/energy.h"

namespace otto {

void NetworkEnergy::evaluate(const Rows& x, Vector& U, Rows& slope) const {
  U.resize(x.rows());
  slope.resize(x.rows(), x.cols());
  network_.evaluate(as_span(x), as_span(U), as_span(slope));
}

Vector NetworkEnergy::energy(const Rows& x) const {
  // in the blocks of all particles: a batch of thousands would need as much room
  constexpr Eigen::Index block = 64;
  Vector U(x.rows());
  for (Eigen::Index first = 0; first < x.rows(); first += block) {
    const Rows part = x.middleRows(first, std::min(block, x.rows() - first));
    Vector values(part.rows());
    network_.evaluate(as_span(part), as_span(values), {});
    U.segment(first, part.rows()) = values;
  }
  return U;
}

}  // namespace otto
