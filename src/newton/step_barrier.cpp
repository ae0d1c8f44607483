#include "step_barrier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"

namespace otto {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

StepBarrier::StepBarrier(const FreeEnergy& energy, const Mesh& mesh, const NewtonControl& control)
    : bounds(!energy.internal().keeps_positive(), energy.internal().maximum()),
      internal_(energy.internal()),
      mesh_(mesh),
      control_(control),
      volume_(integral(mesh, std::vector<double>(std::size_t(mesh.owned), 1.0))) {}

void StepBarrier::begin(const ProximalStep& step, std::span<const double> base,
                        std::span<const double> joint, double mass) {
  mass_ = mass;
  mean_density_ = mass / volume_;
  base_.assign(base.begin(), base.end());
  scale_ = energy_per_mass(step, joint);
  weigh_filling(step.V);
}

/// What U', V and W * rho make of the mass; were there nothing, a trifle of what moving it by the
/// width of a cell costs.
double StepBarrier::energy_per_mass(const ProximalStep& step, std::span<const double> joint) const {
  const std::size_t owned = joint.size();
  std::vector<double> slope(owned);
  internal_.derivatives(std::span(base_).first(owned), 0, slope, {});
  std::array<ReproducibleSum, 3> parts;
  for (std::size_t k = 0; k < owned; ++k) {
    const double weight = mesh_.volume[k] * base_[k];
    if (!(weight > 0)) continue;
    parts[0] += weight * step.V[k];
    parts[1] += weight * std::abs(slope[k]);
    parts[2] += weight * std::abs(joint[k] - step.V[k]);
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  const double centre = sums[0] / mass_;
  ReproducibleSum spread;
  for (std::size_t k = 0; k < owned; ++k) {
    spread += mesh_.volume[k] * base_[k] * std::abs(step.V[k] - centre);
  }
  const double h2 = std::pow(volume_ / double(mesh_.global_cells), 2.0 / mesh_.dimension);
  return std::max((sums[1] + sums[2] + sum_of_all(mesh_.comm, spread)) / mass_,
                  control_.min_energy * h2 / step.tau);
}

/// Over rho0's place: what the barrier puts into an empty cell, over what it puts where V is that of
/// the mass, is 1/max(1, (V - its mean)/(obstacle E)).
void StepBarrier::weigh_filling(std::span<const double> V) {
  const auto owned = std::size_t(mesh_.owned);
  ReproducibleSum moment, fillings;
  moment.add(owned, [&](std::size_t k) { return mesh_.volume[k] * base_[k] * V[k]; });
  const double level = sum_of_all(mesh_.comm, moment) / mass_;
  double top = -infinity;
  filling_.resize(base_.size());
  for (std::size_t k = 0; k < base_.size(); ++k) {
    filling_[k] = 1 / std::max(1.0, (V[k] - level) / (control_.obstacle * scale_));
    if (base_[k] > 0) top = std::max(top, V[k]);
    if (k < owned) fillings += mesh_.volume[k] * filling_[k];
  }
  filled_ = sum_of_all(mesh_.comm, fillings) / volume_;
  highest_guess_ = mesh_.comm.max(top) + control_.highest_guess * scale_;
}

void StepBarrier::set(double fraction, std::span<double> rho0) {
  min_factor_ = 0;
  put(fraction, rho0);
}

/// rho0 gets as much in empty cells as the barrier puts there: else mass would have to come from far
/// away.
void StepBarrier::put(double fraction, std::span<double> rho0) {
  fraction_ = std::max(fraction, control_.barrier_last);
  bounds.set_nu(fraction_ * scale_ * mean_density_);
  const double more = fraction_ * mean_density_;
  for (std::size_t k = 0; k < rho0.size(); ++k) {
    rho0[k] = (base_[k] + more * filling_[k]) / (1 + fraction_ * filled_);
  }
}

bool StepBarrier::lower(double optimality, bool near, std::span<double> rho0) {
  const bool careful = min_factor_ > 0;
  const double close = careful ? control_.barrier_close_careful
                       : near  ? control_.barrier_close_warm
                               : control_.barrier_close;
  if (ended() || !(optimality <= close * fraction_)) return false;
  const double next =
      std::min(control_.barrier_factor * fraction_, std::pow(fraction_, control_.barrier_power));
  put(std::max(next, min_factor_ * fraction_), rho0);
  return true;
}

bool StepBarrier::retreat(double fraction, std::span<double> rho0) {
  min_factor_ = std::sqrt(fraction_ / fraction);
  put(fraction, rho0);
  return min_factor_ <= control_.barrier_max_factor;
}

double StepBarrier::softest() const { return bounds.bounded() ? mean_density_ / scale_ : infinity; }

void StepBarrier::sharpen(const Multipliers& multipliers, std::span<double> rho) const {
  const std::vector<double>& s = multipliers.below;
  const double unit = control_.edge * mean_density_ / scale_;
  for (std::size_t k = 0; !bounds.above() && k < s.size(); ++k) {
    if (rho[k] < unit * s[k]) rho[k] = 0;
  }
  fill(rho.first(std::size_t(mesh_.owned)));
  mesh_.halo.update(mesh_.comm, rho);
}

/// rho + c rho (P - rho)/P, c such that the mass is right.
void StepBarrier::fill(std::span<double> rho) const {
  const double maximum = internal_.maximum();
  const auto room = [&](double density) {
    return maximum < infinity ? density * (1 - density / maximum) : density;
  };
  std::array<ReproducibleSum, 2> parts;
  for (std::size_t k = 0; k < rho.size(); ++k) {
    parts[0] += mesh_.volume[k] * rho[k];
    parts[1] += mesh_.volume[k] * room(rho[k]);
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  const double c = sums[1] > 0 ? std::clamp((mass_ - sums[0]) / sums[1], -0.5, 0.5) : 0.0;
  for (double& density : rho) density += c * room(density);
}

double StepBarrier::filling_cost(std::span<const double> rho0, std::span<const double> V) const {
  ReproducibleSum cost;
  for (std::size_t k = 0; k < V.size(); ++k) {
    cost += mesh_.volume[k] * (rho0[k] - base_[k]) * V[k];
  }
  return std::abs(sum_of_all(mesh_.comm, cost));
}

}  // namespace otto
