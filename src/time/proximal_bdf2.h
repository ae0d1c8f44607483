#pragma once
// Variational BDF2: a proximal step (LJKO, kappa = 1/2) from the geodesic extrapolation of the last
// two densities (geodesic_extrapolation.h),
//
//   rho1 = argmin  W2^2(rho, rho_e) / (2 beta dt) + F(rho),     rho_e at  t + s,
//   s = r^2 / (1 + 2r) tau,   beta = (1 + r) / (1 + 2r),        r = dt / tau,
//
// tau being the length of the step before: s = dt/3 and beta = 2/3 for equal steps. In a flat space
// it is the BDF2 formula. The first step, and steps more than 2.4 times as long as the one before
// (BDF2 is stable up to 1 + sqrt 2), are made by the midpoint rule (proximal_midpoint.h); a step
// that neither can make without a growing free energy is a plain proximal one.
//
// Where the geodesic cannot be continued the midpoint rule does not see where it goes, either, and
// the step is a plain one.
//
// From a density that jumps (ProximalStage::rough) no potential of second order leads: the step is
// made of two halves, of which the first is a plain proximal one.

#include "geodesic_extrapolation.h"
#include "proximal_midpoint.h"

namespace otto {

class ProximalBdf2 {
 public:
  struct Control {
    double max_ratio = 2.4;    ///< of a step to the one before
    double fast_change = 0.5;  ///< of log rho in a step
    double fast_part = 1e-3;   ///< of the mass that changes so fast
  };

  /// Keeps references.
  ProximalBdf2(ProximalStage& stage, PositiveTransport& mover, ProximalMidpoint& midpoint,
               SolverOptions options);

  /// The next step is the first.
  void forget() { tau_ = 0; }
  [[nodiscard]] bool first() const { return !(tau_ > 0); }
  /// One step, or refuses. `midpoint_failed`: that rule has been tried already. Collective.
  [[nodiscard]] StepReport step(StepReport report, State& state, double dt,
                                bool midpoint_failed = false);
  /// A first step in two halves, or refuses and leaves the state as it was. Collective.
  [[nodiscard]] StepReport start_up(StepReport report, State& state, double dt);
  /// A step somebody else has made: `before` is the density it started from, swapped out. Not
  /// accepted: the next step is the first.
  void went(const StepReport& report, double dt, std::vector<double>& before);
  /// Not the first step, and densities that hold more than a thousandth of the mass would change by
  /// more than a factor in a step of dt, if they went on as in the last one. Collective.
  [[nodiscard]] bool changes_fast(const State& state, double dt) const;
  void remember(Archive& archive);

 private:
  [[nodiscard]] std::string bdf2_step(StepReport& report, State& state, double dt, bool& lost);
  [[nodiscard]] std::string midpoint_step(StepReport& report, State& state, double dt);

  const Mesh& mesh_;
  ProximalStage& stage_;
  ProximalMidpoint& midpoint_;
  GeodesicExtrapolation extrapolation_;
  Control control_;
  std::vector<double> rho_, ahead_, before_;
  double tau_ = 0;  // length of the step from before_ to the state; 0: none
};

}  // namespace otto
