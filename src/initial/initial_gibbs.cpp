// rho_K proportional to exp(-(V_K - min V)/kT): no overflow, and the state the fluxes with detailed
// balance leave at rest.

#include <algorithm>
#include <cmath>
#include <limits>

#include "initial_kinds.h"

namespace otto {

std::vector<double> gibbs_density(const Mesh& mesh, const FreeEnergy& energy) {
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, 0.0, V);
  V.resize(static_cast<std::size_t>(mesh.owned));
  double min = std::numeric_limits<double>::infinity();
  for (const double v : V) min = std::min(min, v);
  min = mesh.comm.min(min);
  for (double& v : V) v = std::exp(-(v - min) / energy.temperature());
  return V;
}

}  // namespace otto
