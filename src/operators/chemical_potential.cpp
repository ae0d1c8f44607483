#include "otto/operators/chemical_potential.h"

#include <algorithm>
#include <cmath>

#include "otto/operators/face_temperature.h"

namespace otto {

void interaction_field(const Generator& generator, std::span<const double> rho,
                       std::span<double> W) {
  const auto owned = static_cast<std::size_t>(generator.mesh().owned);
  if (const Interaction* interaction = generator.energy().interaction()) {
    interaction->potential(rho.first(owned), W.first(owned));
  } else {
    std::fill(W.begin(), W.end(), 0.0);
  }
}

void chemical_potential(const Generator& generator, std::span<const double> rho,
                        std::span<double> mu) {
  const Mesh& mesh = generator.mesh();
  const auto owned = static_cast<std::size_t>(mesh.owned);
  std::vector<double> W(owned);
  interaction_field(generator, rho, W);
  generator.energy().internal().derivatives(rho.first(owned), 0, mu.first(owned), {});
  if (const FaceTemperature* heat = generator.heat()) {
    for (std::size_t i = 0; i < owned; ++i) mu[i] = heat->cells[i] * (std::log(rho[i]) + 1);
  }
  for (std::size_t i = 0; i < owned; ++i) mu[i] += generator.external()[i] + W[i];
  if (mu.size() > owned) mesh.halo.update(mesh.comm, mu);
}

}  // namespace otto
