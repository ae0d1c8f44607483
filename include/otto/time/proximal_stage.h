#pragma once
// The proximal step all schemes of the JKO family are made of, with its starting guess, and the
// beginning and end they share.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/newton/inner_newton.h"
#include "otto/operators/chemical_potential.h"
#include "otto/time/extrapolation.h"
#include "otto/time/mass_positivity_limiter.h"
#include "otto/time/schemes.h"

namespace otto {

struct ProximalStageOptions {
  double rough_jump = 2;  ///< of log rho (+ V/kT) across a face; schemes of second order see smooth
                          ///< densities up to about there
  double obstacle_jump = 30;  ///< kT that V rises across a face: nothing is on the other side
  double rough_part = 1e-3;   ///< of the mass: what lies next to jumps and does not matter yet
  /// Of the misses of extrapolated potentials, whose tails are known to few digits: judged by the last
  /// step alone the degree changes to and fro, with twice the linear iterations.
  double guess_memory = 0.8;
  double energy_rounding = 1e-13;  ///< of F: growth that is none,
  double log_rounding = 1e-15;     ///< and of kT times the mass: near rho = 1 logarithms cancel
  NewtonControl newton = {};
};

class ProximalStage {
 public:
  ProximalStage(const Problem& problem, const ProximalOptions& options,
                const ProximalStageOptions& limits = {});

  /// As Stepper::restart: a new history, and a new mass and free energy to hold the next step to.
  /// Collective.
  void restart(const State& state);
  /// One proximal step of length tau from rho0 (owned + ghosts), its potential guessed
  /// from those of earlier steps that ended before t. On failure forgets them, says why in the
  /// report and returns false; without `paths` where no guess converges. Collective.
  [[nodiscard]] bool solve(StepReport& report, std::span<const double> rho0, double tau,
                           double kappa, double t, std::vector<double>& rho, bool paths = true);
  /// phi of the last `solve` (its last inner step), owned + ghosts.
  [[nodiscard]] const std::vector<double>& phi() const { return phi_; }
  /// With an entropy: where mu of tails, whose phi weighs nothing and may be anything, is more than
  /// kT off dF/drho of `rho`, it becomes that, up to the constant that mu has over it on average. A
  /// phi that is right stays: the other is explicit in time. Owned + ghosts, ghosts up to date.
  /// Collective.
  void set_tails(std::span<const double> rho, std::span<double> mu) const;
  /// Keeps mass and sign of `rho` and makes it the new state, swapping the old one out; refuses
  /// where the free energy would grow. Collective.
  [[nodiscard]] StepReport finish(StepReport report, State& state, double t,
                                  std::vector<double>& rho);
  /// As `finish`, but where `rho` may not be the new state only says why. Collective.
  [[nodiscard]] std::string take(State& state, double t, std::vector<double>& rho);
  /// Refuses the step.
  [[nodiscard]] StepReport refuse(StepReport report, std::string reason);

  /// Cells next to a jump by more than a factor of e^2, with an entropy of rho e^(V/kT), else of rho,
  /// hold more than a thousandth of the mass, so that no scheme of second order sees it as smooth.
  /// Collective.
  [[nodiscard]] bool rough(const State& state) const;

  void remember(Archive& archive);

  [[nodiscard]] Transport& transport() { return transport_; }
  /// dF/drho, owned; `rho` owned + ghosts. Collective.
  void chemical_potential(std::span<const double> rho, std::span<double> mu) const {
    otto::chemical_potential(generator_, rho, mu);
  }
  /// F(rho). Collective.
  [[nodiscard]] double free_energy(std::span<const double> rho) const;

 private:
  void set_weights(std::span<const double> rho0);
  /// phi_ and rho of N inner steps in place of those of one, which stay where the former fail.
  void take_inner_steps(StepReport& report, const ProximalStep& step, std::vector<double>& rho);
  /// A free energy is beyond that of the state the step starts from, by more than `gap` and rounding.
  [[nodiscard]] bool grows(double energy, double gap) const;
  static void add_work(StepReport& report, const NewtonReport& newton);
  /// Adds up what Newton's method did. False: it failed, and the step is refused.
  bool count(StepReport& report, const NewtonReport& newton);

  ProximalStageOptions limits_;
  const Mesh& mesh_;
  Generator& generator_;
  FaceWeights weights_;
  Transport transport_;
  ProximalNewton newton_;
  std::unique_ptr<InnerNewton> inner_;  // null: one inner step
  MassPositivityLimiter limiter_;
  Extrapolation history_;
  std::vector<double> phi_;
  double energy_ = 0;  // of the state the next step starts from
  double gap_ = 0;     // of the last solve
};

}  // namespace otto
