#include "flow_rates.h"

#include <algorithm>

namespace otto {

double present_share(const Start& at) { return at.before.empty() ? 1 : 1 + at.ratio; }

std::vector<double> extrapolated(const Start& at) {
  std::vector<double> rho(at.rho.begin(), at.rho.end());
  const double share = present_share(at);
  for (std::size_t k = 0; k < at.before.size(); ++k) {
    rho[k] = share * rho[k] + (1 - share) * at.before[k];
  }
  return rho;
}

std::vector<double> field_of(const Mesh& mesh, const Interaction& kernel,
                             std::span<const double> rho) {
  std::vector<double> result(std::size_t(mesh.local()));
  const auto n = std::size_t(mesh.owned);
  kernel.potential(rho.first(n), std::span(result).first(n));
  mesh.halo.update(mesh.comm, result);
  return result;
}

FlowRates::FlowRates(Generator& generator, const std::vector<std::vector<double>>& legs,
                     std::size_t memory)
    : generator_(generator),
      mesh_(generator.mesh()),
      step_rates_(legs.size()),
      step_ratios_(legs.size()) {
  std::size_t count = 0;
  for (const auto& leg : legs) count += leg.size();
  const std::size_t of_faces = count * sizeof(double) * std::size_t(mesh_.faces.size());
  keep_rates_ = !mesh_.comm.any(6 * of_faces > memory);
  keep_ratios_ = !mesh_.comm.any(of_faces > memory);
  for (std::size_t l = 0; l < legs.size(); ++l) {
    if (keep_rates_) step_rates_[l].resize(legs[l].size());
    if (keep_ratios_) step_ratios_[l].resize(legs[l].size());
  }
}

void FlowRates::set(std::span<const double> V, double kT, const Interaction* W) {
  V_.assign(V.begin(), V.end());
  kT_ = kT;
  W_ = W;
  generator_.set_external(V_, kT_);
  forget();
}

void FlowRates::forget() {
  version_ = -1;
  rates_of_ = {none, none};
  for (auto& leg : step_rates_) {
    for (FaceRates& r : leg) r.forward.clear();
  }
  for (auto& leg : step_ratios_) {
    for (auto& g : leg) g.clear();
  }
}

/// Ratios are those at the step's frozen density, or at its start where none is frozen yet.
std::span<const double> FlowRates::frozen_at(std::size_t leg, std::size_t step,
                                             const Start& at) const {
  return frozen.empty() ? at.rho : std::span<const double>(frozen[leg][step]);
}

/// Of steps that differ in their ratios alone.
const FaceRates& FlowRates::limited_at(std::size_t leg, std::size_t step, const Start& at) {
  if (version_ != generator_.version()) limited_.set(generator_);
  version_ = generator_.version();
  std::vector<double> here;
  std::vector<double>& g = keep_ratios_ ? step_ratios_[leg][step] : here;
  if (g.empty()) g = limited_.upwind(limiter_ratios(mesh_, frozen_at(leg, step, at)));
  limited_.rates(g, rates_);
  rates_of_ = {leg, step};
  return rates_;
}

/// V + W * rho.
void FlowRates::set_potential(std::span<const double> rho) {
  std::vector<double> potential = field_of(mesh_, *W_, rho);
  for (std::size_t k = 0; k < potential.size(); ++k) potential[k] += V_[k];
  generator_.set_external(potential, kT_);
}

FaceRates FlowRates::unlimited(std::span<const double> rho) {
  if (W_) set_potential(rho);
  LimitedRates plain;
  plain.set(generator_);
  FaceRates result;
  plain.rates(std::vector<double>(std::size_t(mesh_.faces.size()), 0.0), result);
  return result;
}

void FlowRates::set_generator(std::size_t leg, std::size_t step, const Start& at) {
  set_potential(extrapolated(at));
  if (generator_.flux().limited()) generator_.limit(frozen_at(leg, step, at));
}

const FaceRates& FlowRates::at(std::size_t leg, std::size_t step, const Start& at) {
  if (!varies()) {
    if (version_ != generator_.version()) rates_ = face_rates(generator_);
    version_ = generator_.version();
    return rates_;
  }
  if (rates_of_ == std::pair{leg, step}) return rates_;
  if (!W_) return limited_at(leg, step, at);
  if (keep_rates_ && !step_rates_[leg][step].forward.empty()) return step_rates_[leg][step];
  set_generator(leg, step, at);
  if (keep_rates_) return step_rates_[leg][step] = face_rates(generator_);
  rates_ = face_rates(generator_);
  rates_of_ = {leg, step};
  return rates_;
}

}  // namespace otto
