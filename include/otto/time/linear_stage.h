#pragma once
// The solve every linear stage of a step is made of, with its starting guess, and the beginning and
// end all linear steps share.
//
// The tolerance follows what a step changes. With the relative change dt |M Q rho0| / |M rho0| of a
// step from rho0, residuals are at most
//
//   rtol |b| min(1, max(300 dt |M Q rho0| / |M rho0|, 0.003)),
//
// so that short steps, whose change may be below rtol, are not taken for done; steps that change
// more than 1 / 300 keep rtol, and a density at rest needs no iterations. The solve that gave rho0
// has left M Q rho0 = (M rho0 - b) / c to its own tolerance; a product is taken where there was none.

#include <span>
#include <string>
#include <vector>

#include "otto/time/extrapolation.h"
#include "otto/time/mass_positivity_limiter.h"
#include "otto/time/stepper.h"

namespace otto {

struct LinearStageOptions {
  /// Residuals stay below 300 rtol = 3e-6 of what a step changes, by default: errors of all steps
  /// add up to that part of the whole change, far below those in time.
  double change_factor = 300;
  double min_factor = 3e-3;  ///< near rest, where errors fade instead of adding up
};

class LinearStage {
 public:
  explicit LinearStage(const Problem& problem, const LinearStageOptions& options = {});

  /// As Stepper::restart: a new history, and a new mass to keep. Collective.
  void restart(const State& state);
  /// Call first in every step of length dt that solves: where the history is empty it starts with
  /// this state. Collective.
  void begin(const State& state, double dt);
  /// Makes the solves of the coming step of length dt precise enough for the budget.
  void tighten(const ErrorBudget& budget, double dt);

  /// Solves (M - c M Q) rho = b for the density at time t, from a guess extrapolated from what was
  /// pushed (slot: which stage of the step). Ghosts of `rho` are filled. On failure forgets the
  /// history, says why in the report and returns false. Collective.
  [[nodiscard]] bool solve(StepReport& report, double c, std::span<const double> b, double t,
                           int slot, std::vector<double>& rho);
  /// A state of this step, remembered for later guesses.
  void push(double t, std::span<const double> rho);

  /// Keeps mass and sign of `rho` and makes it the new state, swapping the old one out. On failure
  /// forgets the history and leaves the state alone. Collective.
  [[nodiscard]] StepReport finish(StepReport report, State& state, double t,
                                  std::vector<double>& rho);
  /// Refuses the step.
  [[nodiscard]] StepReport refuse(StepReport report, std::string reason);

  [[nodiscard]] ShiftedSolver& solver() { return solver_; }
  void remember(Archive& archive);

 private:
  [[nodiscard]] double rate_of(const State& state) const;
  [[nodiscard]] double rate_of(double c, std::span<const double> b,
                               std::span<const double> rho) const;

  LinearStageOptions options_;
  const Mesh& mesh_;
  const Generator& generator_;
  ShiftedSolver solver_;
  MassPositivityLimiter limiter_;
  Extrapolation history_;
  double rtol_;       // of the solves of a step
  double rate_ = -1;  // |M Q rho0| / |M rho0|; -1: not known
};

/// Adds one solve to the counts of a step.
void count(StepReport& report, const SolveReport& solve);
/// values[0 .. owned) of a field of owned + ghosts values.
inline std::span<double> owned(const Mesh& mesh, std::vector<double>& field) {
  return std::span(field).first(static_cast<std::size_t>(mesh.owned));
}
inline std::span<const double> owned(const Mesh& mesh, const std::vector<double>& field) {
  return std::span(field).first(static_cast<std::size_t>(mesh.owned));
}

}  // namespace otto
