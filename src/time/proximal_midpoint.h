#pragma once
// The midpoint rule of the JKO family: a proximal step of half the length (LJKO, kappa = 1) gives
// the density rho_h and its chemical potential mu = G(phi) = U'(rho_h) + V + W * rho_h; what moves
// in the whole step is what moves there,
//
//   M rho1 + dt sum_f (e_K - e_L) F_f rho1_up / pi_up = M rho0,   F = a (W rho_h) D mu,
//
// "up" the cell that F_f leaves (linear/positive_transport.h). With x = rho_h / rho0
//
//   pi = x rho_h  =  rho1 + O(dt^2),      x at most 4,
//
// so that the rule is of second order, non-negative and keeps the mass for every dt. The bound
// lets mass through cells that were empty at first. Where rho1 is far from pi the step has failed,
// and where most of mu is gone after half of it: of a mode that decays as e^(-z) half a step leaves
// mu_h = mu_0 / (1 + z/2), and the whole mu_1 = 2 mu_h - mu_0, which tends to -mu_0: it swings.
// Nothing forces F(rho1) <= F(rho0): callers look.

#include <array>
#include <span>
#include <vector>

#include "close_cells.h"
#include "otto/linear/positive_transport.h"
#include "otto/time/proximal_stage.h"

namespace otto {

struct ProximalMidpointOptions {
  /// Of x: in half a step rho_h grows by no more where it is smooth; larger x would let less mass
  /// through.
  double max_growth = 4;
  // |rho1 - pi| = O(dt^2), |rho1 - rho0| = O(dt): where the first is no small part of the second
  // the rule is of no order.
  double missed_of_moved = 0.5;  ///< at most so much of what moves,
  double max_missed = 0.3;       ///< and of the mass,
  double always_missed = 1e-3;   ///< but this much of the mass always: near rest nothing moves
  /// Of the deviation of mu, the mass's root mean square, at least so much is left after half a step
  /// (z = 6 of one mode), where more than `at_rest` of the mass moves.
  double min_left = 0.25, at_rest = 1e-7;
};

class ProximalMidpoint {
 public:
  /// Keeps references to the first three.
  ProximalMidpoint(ProximalStage& stage, PositiveTransport& mover, const Mesh& mesh,
                   const ProximalMidpointOptions& options = {})
      : stage_(stage), mover_(mover), mesh_(mesh), close_(mesh), options_(options) {}

  /// rho1 at t + dt from rho0 at t (owned + ghosts). On failure says why in the report and returns
  /// false. Collective.
  [[nodiscard]] bool solve(StepReport& report, std::span<const double> rho0, double t, double dt,
                           std::vector<double>& rho1);

 private:
  /// The deviation of mu from its mean after half the step over that of rho0, by the mass that both
  /// have in a cell.
  [[nodiscard]] double left_of_mu(std::span<const double> rho0);
  [[nodiscard]] std::array<double, 2> parts(std::span<const double> rho0,
                                            std::span<const double> rho1) const;

  ProximalStage& stage_;
  PositiveTransport& mover_;
  const Mesh& mesh_;
  CloseCells close_;
  ProximalMidpointOptions options_;
  std::vector<double> half_, mu_, pi_, mu0_;
};

/// A whole proximal step with kappa = 1/2. Collective.
[[nodiscard]] StepReport plain_step(ProximalStage& stage, StepReport report, State& state,
                                    double dt, std::vector<double>& rho);

/// A plain step where a scheme of second order has failed for `reason`, which an
/// accepted step's report repeats. Collective.
[[nodiscard]] StepReport fall_back(ProximalStage& stage, StepReport report, State& state, double dt,
                                   const std::string& reason, std::vector<double>& rho);

}  // namespace otto
