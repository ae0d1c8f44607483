#pragma once
// The rates of the steps of a linear flow with their derivatives: one set for all steps, one for each step where a limiter's
// ratios differ, and one for each where an interaction moves the potential. They are kept where they fit into memory; of limited steps,
// which share V, only the ratios upwind are (operators/limited_rates.h).

#include <utility>
#include <vector>

#include "flow_stages.h"
#include "otto/operators/limited_rates.h"
#include "otto/time/linear_flow.h"

namespace otto {

class FlowRates {
 public:
  /// `legs`: lengths of steps. `memory`: bytes per rank for what differs from step to step. Keeps a reference to the generator.
  FlowRates(Generator& generator, const std::vector<std::vector<double>>& legs, std::size_t memory);

  /// V (owned + ghosts), kT and W of what follows. Collective.
  void set(std::span<const double> V, double kT, const Interaction* W);
  /// Of a step; stay until the next call. Collective.
  const FaceRates& at(std::size_t leg, std::size_t step, const Start& at);
  /// Of V + W * rho, without what a limiter adds. `rho`: owned + ghosts. Collective.
  [[nodiscard]] FaceRates unlimited(std::span<const double> rho);
  /// Those asked for last.
  [[nodiscard]] const FaceRates& last() const { return rates_; }
  /// Steps differ.
  [[nodiscard]] bool varies() const { return generator_.flux().limited() || W_; }
  [[nodiscard]] const Interaction* W() const { return W_; }
  /// After a change of `frozen`.
  void forget();

  LinearFlow::Densities frozen;  ///< that ratios are frozen at; empty: not yet

 private:
  [[nodiscard]] std::span<const double> frozen_at(std::size_t leg, std::size_t step,
                                                  const Start& at) const;
  const FaceRates& limited_at(std::size_t leg, std::size_t step, const Start& at);
  void set_potential(std::span<const double> rho);
  void set_generator(std::size_t leg, std::size_t step, const Start& at);

  static constexpr std::size_t none = std::size_t(-1);

  Generator& generator_;
  const Mesh& mesh_;
  bool keep_rates_ = false, keep_ratios_ = false;
  std::vector<double> V_;  // without W * rho
  double kT_ = 0;
  const Interaction* W_ = nullptr;
  FaceRates rates_;    // of all steps, or of that asked for last
  long version_ = -1;  // of the generator they are of
  std::pair<std::size_t, std::size_t> rates_of_{none, none};   // leg and step
  std::vector<std::vector<FaceRates>> step_rates_;             // with W
  LimitedRates limited_;                                       // of the present V and kT
  std::vector<std::vector<std::vector<double>>> step_ratios_;  // upwind; empty: not yet
};

/// rho^ with ghosts.
std::vector<double> extrapolated(const Start& at);
/// Of rho^ in the present density; 1 less that in the one before.
double present_share(const Start& at);
/// kernel * rho with ghosts. Collective.
std::vector<double> field_of(const Mesh& mesh, const Interaction& kernel,
                             std::span<const double> rho);

}  // namespace otto
