// The registry of toy densities. Entries arrive while static objects are built.

#include "otto/learn/toy_density.h"

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/core/error.h"

namespace otto {

namespace {

std::vector<ToyDensity>& registry() {
  static std::vector<ToyDensity> entries;
  return entries;
}

}  // namespace

RegisterToy::RegisterToy(ToyDensity density) {
  Declare({}, {}, {{"data.library", density.name, density.doc, density.equation}});
  auto& entries = registry();
  const auto place = std::ranges::lower_bound(entries, density.name, {}, &ToyDensity::name);
  entries.insert(place, std::move(density));
}

const std::vector<ToyDensity>& toy_densities() { return registry(); }

const ToyDensity& find_toy(const std::string& name) {
  const auto found = std::ranges::find(registry(), name, &ToyDensity::name);
  if (found == registry().end()) throw InternalError("no density is called '" + name + "'");
  return *found;
}

}  // namespace otto
