#include "otto/driver/host.h"

#include <utility>

namespace otto {

void add_host_energies(const Host* host, const Mesh& mesh, FreeEnergy& energy) {
  if (!host || !host->energies) return;
  for (auto& term : host->energies(mesh)) energy.add(std::move(term), host->what);
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, 0.0, V);
}

}  // namespace otto
