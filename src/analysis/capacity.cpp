#include "capacity.h"

#include <algorithm>
#include <cmath>

#include "otto/core/vector_math.h"

namespace otto {

std::array<double, 2> capacity_bounds(const Generator& generator, const Conductances& c,
                                      std::span<const double> given) {
  const Mesh& mesh = generator.mesh();
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> q(std::size_t(mesh.local())), r(owned);
  for (std::size_t k = 0; k < owned; ++k) q[k] = std::clamp(given[k], 0.0, 1.0);
  mesh.halo.update(mesh.comm, q);
  Accumulator energy;
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    if (c.held[K] != 0 || c.held[L] != 0) continue;
    const double c_KL = c.pi[K] * generator.forward()[f], flow = c_KL * (q[L] - q[K]);
    const bool shared = K >= owned || L >= owned;
    energy.add((shared ? 0.5 : 1.0) * flow * (q[L] - q[K]));
    if (K < owned) r[K] += flow;
    if (L < owned) r[L] -= flow;
  }
  double open = 0;
  for (std::size_t k = 0; k < owned; ++k) {
    if (c.held[k] != 0) continue;
    const double from_a = c.to_a[k] * q[k], to_b = c.to_b[k] * (1 - q[k]);
    energy.add(from_a * q[k] + to_b * (1 - q[k]));
    open += std::abs(r[k] - from_a + to_b) * std::max(q[k], 1 - q[k]);
  }
  const double upper = mesh.comm.sum(energy.value());
  return {std::max(0.0, upper - mesh.comm.sum(open)), upper};
}

}  // namespace otto
