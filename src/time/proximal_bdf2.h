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
// From a density that jumps (ProximalStage::rough) no potential of second order leads: the step is
// made of pieces dt/2^K, dt/2^K, dt/2^(K-1), ..., dt/2, of which the first is a plain proximal one.

#include "geodesic_extrapolation.h"
#include "proximal_midpoint.h"

namespace otto {

class ProximalBdf2 {
 public:
  struct Control {
    double max_ratio = 2.4;  ///< of a step to the one before
    int start_levels = 8;    ///< K: the first piece's error of first order is 2^-K of a step's
  };

  /// Keeps references.
  ProximalBdf2(ProximalStage& stage, PositiveTransport& mover, ProximalMidpoint& midpoint,
               SolverOptions options);

  /// The next step is the first.
  void forget() { tau_ = 0; }
  [[nodiscard]] bool first() const { return !(tau_ > 0); }
  /// One step, or refuses. Collective.
  [[nodiscard]] StepReport step(StepReport report, State& state, double dt);
  /// A first step in pieces, or refuses and leaves the state as it was. Collective.
  [[nodiscard]] StepReport start_up(State& state, double dt);
  void remember(Archive& archive);

 private:
  [[nodiscard]] std::string bdf2_step(StepReport& report, State& state, double dt);
  [[nodiscard]] std::string midpoint_step(StepReport& report, State& state, double dt);
  void went(const StepReport& report, double dt);

  ProximalStage& stage_;
  ProximalMidpoint& midpoint_;
  GeodesicExtrapolation extrapolation_;
  Control control_;
  std::vector<double> rho_, ahead_, before_;
  double tau_ = 0;  // length of the step from before_ to the state; 0: none
};

}  // namespace otto
