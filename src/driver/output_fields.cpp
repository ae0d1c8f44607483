// chemical_potential: mu = dF/drho up to a constant, kT log rho + V for entropy and V alone. Where
// rho = 0 and mu would be -inf the smallest normal number stands for 0, so that pictures have a
// range.

#include "otto/driver/output_fields.h"

#include <algorithm>
#include <limits>

#include "otto/operators/chemical_potential.h"
#include "otto/operators/face_temperature.h"

namespace otto {

OutputFields::OutputFields(const Problem& problem, std::span<const std::string> names)
    : mesh_(problem.mesh), generator_(problem.generator) {
  const auto owned = static_cast<std::size_t>(mesh_.owned);
  const auto asked = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  kept_.reserve(4);
  if (asked("volume"))
    add_fixed("volume", {mesh_.volume.begin(), mesh_.volume.begin() + mesh_.owned});
  if (asked("rank")) add_fixed("rank", std::vector<double>(owned, mesh_.comm.rank()));
  if (asked("region")) {
    std::vector<double> region(owned, -1.0);  // a box has none
    for (std::size_t i = 0; i < mesh_.region.size() && i < owned; ++i) {
      for_each_name(mesh_.region[i], mesh_.region_names.size(), mesh_.region_sets,
                    [&](std::int32_t name) { region[i] = region[i] < 0 ? name : region[i]; });
    }
    add_fixed("region", std::move(region));
  }
  if (asked("external_energy") && !generator_.depends_on_time()) {
    const auto V = generator_.external();
    add_fixed("external_energy", {V.begin(), V.begin() + mesh_.owned});
  }
  external_ = asked("external_energy") && generator_.depends_on_time();
  mu_ = asked("chemical_potential");
}

void OutputFields::add_fixed(const std::string& name, std::vector<double> values) {
  kept_.push_back(std::move(values));
  fixed_.push_back({name, kept_.back()});
}

void OutputFields::find_mu(std::span<const double> density) {
  const auto owned = static_cast<std::size_t>(mesh_.owned);
  const FreeEnergy& energy = generator_.energy();
  std::vector<double> rho(density.begin(), density.end());
  if (energy.internal().keeps_positive()) {
    for (double& r : rho) r = std::max(r, std::numeric_limits<double>::min());
  }
  mu_values_.resize(owned);
  chemical_potential(generator_, rho, mu_values_);
  if (!energy.linear()) return;
  const FaceTemperature* heat = generator_.heat();
  for (std::size_t i = 0; i < owned; ++i) {  // U' = kT (log rho + 1)
    mu_values_[i] -= heat ? heat->cells[i] : energy.temperature();
  }
}

const std::vector<NamedField>& OutputFields::of(const State& state) {
  const auto owned = static_cast<std::size_t>(mesh_.owned);
  const auto V = generator_.external();
  varying_ = {{"density", std::span(state.density).first(owned)}};
  if (external_) varying_.push_back({"external_energy", V.first(owned)});
  if (mu_) {
    find_mu(state.density);
    varying_.push_back({"chemical_potential", mu_values_});
  }
  return varying_;
}

}  // namespace otto
