#include "otto/flux/two_point.h"

#include <map>

#include "otto/casefile/key.h"
#include "otto/core/error.h"

namespace otto {

namespace {

const Declare keys{{{"flux", "How the flux between two neighbouring cells is formed."}},
                   {{.path = "flux.kind",
                     .type = Type::text,
                     .doc = "The flux: of two points, or of whole gradients.",
                     .fallback = "\"scharfetter_gummel\"",
                     .equation = "F = a kT [B(s) rho_K - B(-s) rho_L], s = (V_L - V_K) / kT"}}};

std::map<std::string, std::unique_ptr<const TwoPointFlux>>& registry() {
  static std::map<std::string, std::unique_ptr<const TwoPointFlux>> fluxes;
  return fluxes;
}

}  // namespace

RegisterFlux::RegisterFlux(std::unique_ptr<const TwoPointFlux> flux, const std::string& doc,
                           const std::string& equation) {
  const std::string name = flux->name();
  Declare({}, {}, {{"flux.kind", name, doc, equation}});
  registry()[name] = std::move(flux);
}

const TwoPointFlux& find_flux(const std::string& name) {
  const auto found = registry().find(name == flux_on_simplices ? "scharfetter_gummel" : name);
  if (found == registry().end()) throw InternalError("no flux is called '" + name + "'");
  return *found->second;
}

std::vector<const TwoPointFlux*> all_fluxes() {
  std::vector<const TwoPointFlux*> fluxes;
  for (const auto& [name, flux] : registry()) fluxes.push_back(flux.get());
  return fluxes;
}

}  // namespace otto
