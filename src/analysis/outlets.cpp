#include "outlets.h"

#include <algorithm>

#include "otto/operators/exchange.h"
#include "otto/operators/sets.h"
#include "reach.h"

namespace otto {

namespace {

bool in(const Target& set, std::size_t k) { return !set.level.empty() && set.level[k] > 0; }

/// The part of the way from centre to centre that no set covers.
double part_free(const std::vector<Target>& sets, std::size_t K, std::size_t L) {
  double s = 1;
  for (const Target& set : sets) {
    if (in(set, K) == in(set, L)) continue;
    s -= 1 - (in(set, L) ? part_outside(set.level[K], set.level[L])
                         : part_outside(set.level[L], set.level[K]));
  }
  return std::max(s, min_part_outside);
}

void find_cut_off(const Generator& generator, Outlets& outlets) {
  std::vector<double> seeds(outlets.holds.size(), 0.0);
  for (std::size_t k = 0; k < seeds.size(); ++k) {
    bool ends = outlets.holds[k] >= 0;
    for (const auto& rate : outlets.rate) ends = ends || (k < rate.size() && rate[k] > 0);
    seeds[k] = ends ? 1 : 0;
  }
  const Mesh& mesh = generator.mesh();
  mesh.halo.update(mesh.comm, seeds);
  const std::vector<double> reach = reaching(generator, std::move(seeds));
  for (std::size_t k = 0; k < reach.size(); ++k) {
    if (reach[k] == 0) outlets.holds[k] = Outlets::cut_off;
  }
}

std::vector<double> copy(std::span<const double> x) { return {x.begin(), x.end()}; }

}  // namespace

Outlets outlets_of(const Generator& generator) {
  Outlets outlets{.holds = std::vector<int>(std::size_t(generator.mesh().local()), Outlets::free),
                  .rate = {},
                  .stretch = {}};
  if (!generator.absorbs()) return outlets;
  outlets.rate.push_back(copy(generator.absorption()));
  find_cut_off(generator, outlets);
  return outlets;
}

Outlets outlets_of(const Generator& generator, const GeneratorParts& parts,
                   const std::vector<Target>& sets) {
  const Mesh& mesh = generator.mesh();
  Outlets outlets{.holds = std::vector<int>(std::size_t(mesh.local()), Outlets::free),
                  .rate = {},
                  .stretch = {}};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (std::size_t k = 0; k < outlets.holds.size(); ++k) {
      if (in(sets[i], k)) outlets.holds[k] = int(i);
    }
    const Exchange side = absorbing_sides(sets[i].sides);
    const Generator alone(mesh, parts.energy, parts.flux, parts.drift, &side, parts.diffusion);
    outlets.rate.push_back(copy(alone.absorption()));
  }
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    outlets.stretch.push_back(1 / part_free(sets, K, L));
  }
  find_cut_off(generator, outlets);
  return outlets;
}

double part_cut_off(const Mesh& mesh, const Outlets& outlets, std::span<const double> mass) {
  double off = 0, all = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    all += mass[k];
    off += outlets.holds[k] == Outlets::cut_off ? mass[k] : 0;
  }
  const double sum = mesh.comm.sum(off), whole = mesh.comm.sum(all);
  return sum > 0 ? sum / whole : 0;
}

}  // namespace otto
