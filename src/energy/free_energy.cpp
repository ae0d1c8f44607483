// F(rho) = sum_K vol_K (U(rho_K) + V_K rho_K + 1/2 rho_K (W * rho)_K): the sum of the [[energy]]
// tables.

#include "otto/energy/free_energy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "external_terms.h"
#include "interaction/interactions.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/energy/temperature.h"
#include "otto/mesh/region.h"
#include "otto/network/network_use.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "energy",
      .doc = "The free energy, one [[energy]] table for each term of the sum.",
      .repeated = true}},
    {{.path = "energy.kind",
      .type = Type::text,
      .doc = "What the term is.",
      .required = true,
      .equation = "F(rho) = int U(rho) + int V rho + 1/2 int int W rho rho"},
     {.path = "energy.temperature",
      .type = Type::real_or_text,
      .doc =
          "Temperature kT of the entropy in units of energy, or as \"300 K\" beside "
          "[units] energy; kT(x, t) as an expression in x, y, z and t, or as \"(300 + 20*x) K\".",
      .required = true,
      .range = positive,
      .when = "kind=entropy",
      .equation = "kT int rho log rho; where it varies, d_t rho = div(D (grad(kT rho) + rho grad "
                  "V))"}},
    {{.path = "energy.kind",
      .value = "entropy",
      .doc = "The entropy, which makes the density diffuse.",
      .equation = "kT int rho log rho"},
     {.path = "energy.kind",
      .value = "external",
      .doc = "An external energy V(x, t).",
      .equation = "int V rho"},
     {.path = "energy.kind",
      .value = "interaction",
      .doc = "An interaction energy W(x - y) of pairs.",
      .equation = "1/2 int int W(x - y) rho rho"}}};

/// What the [[energy]] tables say.
struct Terms {
  double temperature = 0;
  std::vector<std::unique_ptr<InternalTerm>> internal;
  std::vector<std::unique_ptr<ExternalEnergy>> external;
  std::vector<std::string> places;
  std::vector<std::int32_t> regions;
  std::vector<Kernel> kernels;
  NetworkUses networks;

  explicit Terms(std::span<const Section> sections) {
    if (temperature_varies(sections)) return;
    for (const Section& term : sections) {
      if (term.text("kind") != "entropy") continue;
      if (temperature > 0) {
        term.fail("kind", "a second entropy term; add the temperatures and keep one");
      }
      temperature = term.real("temperature");
      if (temperature < std::numeric_limits<double>::min()) {
        term.fail(
            "temperature",
            "is below 2.2e-308, from where on numbers lose digits; take other units of energy");
      }
    }
  }

  void add(const Section& term, const Mesh& mesh) {
    const std::string kind = term.text("kind");
    const auto& kinds = internal_kinds();
    const auto entry = std::ranges::find(kinds, kind, &InternalEntry::kind);
    if (kind == "entropy") return;
    if (entry != kinds.end()) {
      internal.push_back(entry->make(term));
    } else if (kind == "interaction") {
      kernels.push_back(make_kernel(term, mesh, networks));
    } else {
      external.push_back(make_external(term, mesh, temperature, networks));
      regions.push_back(read_region(term, mesh));
      const std::string key = external_source(term);
      places.push_back(term.where(key) + ": energy." + key);
      if (key == "network") places.back() += ": " + networks.back()->file().string();
    }
  }
};

}  // namespace

FreeEnergy::FreeEnergy(double temperature, std::vector<std::unique_ptr<ExternalEnergy>> external,
                       std::vector<std::string> places)
    : FreeEnergy(InternalEnergy(temperature), std::move(external), std::move(places), nullptr) {}

FreeEnergy::FreeEnergy(InternalEnergy internal,
                       std::vector<std::unique_ptr<ExternalEnergy>> external,
                       std::vector<std::string> places, std::unique_ptr<Interaction> interaction,
                       std::vector<std::int32_t> regions, NetworkUses networks)
    : internal_(std::move(internal)),
      external_(std::move(external)),
      places_(std::move(places)),
      interaction_(std::move(interaction)),
      regions_(std::move(regions)),
      networks_(std::move(networks)) {
  places_.resize(external_.size(), "external energy");
  regions_.resize(external_.size(), -1);
}

void FreeEnergy::add(std::unique_ptr<ExternalEnergy> term, std::string place) {
  external_.push_back(std::move(term));
  places_.push_back(std::move(place));
  regions_.push_back(-1);
}

bool FreeEnergy::depends_on_time() const {
  return (varying_ && varying_->depends_on_time()) ||
         std::ranges::any_of(external_, [](const auto& term) { return term->depends_on_time(); });
}

void FreeEnergy::external(const Mesh& mesh, double t, std::span<double> V) const {
  const auto owned = static_cast<std::size_t>(mesh.owned);
  std::fill(V.begin(), V.end(), 0.0);
  mesh.comm.together([&] {
    const std::span<const Point> centers(mesh.center.data(), owned);
    std::vector<double> values(owned);
    for (std::size_t term = 0; term < external_.size(); ++term) {
      external_[term]->evaluate(centers, t, values);
      if (regions_[term] >= 0) {  // a cell across its border has a share of the term
        const std::vector<double> share = shares_of_region(mesh, regions_[term]);
        for (std::size_t i = 0; i < owned; ++i) {
          values[i] = share[i] > 0 ? share[i] * values[i] : 0.0;
        }
      }
      for (std::size_t i = 0; i < owned; ++i) {
        V[i] += values[i];
        if (!std::isfinite(V[i])) {
          throw InputError(
              fmt::format("{}: V is {} at the cell centre {} at time {}; it must be "
                          "finite in every cell",
                          places_[term], values[i], to_text(centers[i], mesh.dimension), t));
        }
      }
    }
  });
  mesh.halo.update(mesh.comm, V);
}

FreeEnergy make_free_energy(std::span<const Section> sections, const Mesh& mesh) {
  Terms terms(sections);
  auto varying = read_temperature(sections, mesh);
  if (varying) terms.temperature = varying->mean;
  mesh.comm.together([&] {
    for (const Section& term : sections) terms.add(term, mesh);
  });
  for (const auto& use : terms.networks) {
    require_same_network(mesh.comm, use->file(), use->hash());
  }
  std::unique_ptr<Interaction> interaction;
  if (!terms.kernels.empty()) interaction = make_interaction(terms.kernels, mesh);
  FreeEnergy energy(InternalEnergy(terms.temperature, std::move(terms.internal)),
                    std::move(terms.external), std::move(terms.places), std::move(interaction),
                    std::move(terms.regions), std::move(terms.networks));
  energy.set_temperature(std::move(varying));
  std::vector<double> V(static_cast<std::size_t>(mesh.local()));
  energy.external(mesh, 0.0, V);
  return energy;
}

}  // namespace otto
