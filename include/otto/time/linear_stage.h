#pragma once
// The solve every linear stage of a step is made of, with its starting guess, and the beginning and
// end all linear steps share.
//
// The tolerance follows what a step changes. With b = M rho0 and the change dt M Q rho0, residuals
// are at most
//
//   rtol |b| min(1, max(300 dt |M Q rho0| / |b|, 0.003)),
//
// so that short steps, whose change may be below rtol, are not taken for done; steps that change
// more than 1 / 300 keep rtol, and a density at rest needs no iterations.

#include <span>
#include <string>
#include <vector>

#include "otto/time/extrapolation.h"
#include "otto/time/mass_positivity_limiter.h"
#include "otto/time/stepper.h"

namespace otto {

class LinearStage {
 public:
  explicit LinearStage(const Problem& problem);

  /// As Stepper::restart: a new history, and a new mass to keep. Collective.
  void restart(const State& state);
  /// Call first in every step of length dt: where the history is empty it starts with this state.
  /// Collective.
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
  [[nodiscard]] double tolerance_of(const State& state, double dt);

  const Mesh& mesh_;
  const Generator& generator_;
  ShiftedSolver solver_;
  MassPositivityLimiter limiter_;
  Extrapolation history_;
  double rtol_;                 // of the solves of a step
  std::vector<double> change_;  // scratch: M Q rho0
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
