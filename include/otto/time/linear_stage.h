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

#include <optional>
#include <span>
#include <string>
#include <utility>
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
  /// Call first in every other step: nothing has been exchanged in it. begin() does the same.
  void begin_exchange();
  /// Makes the solves of the coming step of length dt precise enough for the budget.
  void tighten(const ErrorBudget& budget, double dt);

  /// out = d_t M rho at the generator's time: M Q rho, the supply, and what comes back. `rho`: owned +
  /// ghosts. Collective.
  void slope(std::span<const double> rho, std::span<double> out) const;
  /// Solves M rho - c d_t M rho = b for the density at time t, the generator's, from a guess extrapolated from what
  /// was pushed (slot: which stage of the step). Ghosts of `rho` are filled. On failure forgets the
  /// history, says why in the report and returns false. Collective.
  [[nodiscard]] bool solve(StepReport& report, double c, std::span<const double> b, double t,
                           int slot, std::vector<double>& rho);
  /// Of the last solve: b and all that comes in during it.
  [[nodiscard]] std::span<const double> right_side() const { return right_side_; }
  /// Counts what `rho` (owned + ghosts) exchanges at the generator's time, for so long: the step's sums are those of
  /// its stages' slopes, so that mass is balanced to rounding. Collective.
  void count_exchange(double weight, std::span<const double> rho);
  /// What the step has counted so far, by entry of Exchange::names(): to be put back by count_again.
  using Counted = std::vector<double>;
  [[nodiscard]] Counted counted() const { return now_; }
  void count_again(Counted counted) { now_ = std::move(counted); }
  /// Counts that part of what the last step exchanged.
  void repeat_exchange(double part);
  /// A state of this step, remembered for later guesses.
  void push(double t, std::span<const double> rho);

  [[nodiscard]] double mass() const { return limiter_.mass(); }  ///< at the start of the step
  /// The mass of `rho` below 0, over the mass at the start of the step. Collective.
  [[nodiscard]] double negative_part(const std::vector<double>& rho) const;
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
  [[nodiscard]] std::optional<double> gain() const;
  void tell_exchange(StepReport& report, double lost);
  [[nodiscard]] bool add_returning(StepReport& report, double c, std::span<double> rho);

  LinearStageOptions options_;
  const Mesh& mesh_;
  const Generator& generator_;
  ShiftedSolver solver_;
  MassPositivityLimiter limiter_;
  Extrapolation history_;
  double rtol_;                         // of the solves of a step
  double rate_ = -1;                    // |d_t M rho0| / |M rho0|; -1: not known
  std::vector<double> supplied_;        // b + c S, where something comes in
  std::span<const double> right_side_;  // of the last solve: that, or b
  /// The answer z = (M - c M Q)^{-1} r to what comes back, for one matrix.
  struct Returning {
    double c = -1;
    long version = -1;
    std::vector<double> z;
  } returning_;
  std::vector<double> exchanged_, now_, last_;  // since the start, of this step, of the last one
  bool counted_ = false;                        // something was, in this step
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
