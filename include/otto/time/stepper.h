#pragma once
// One step of the flow. A stepper is one .cpp file: the formula, advance, its keys, one registration
// (otto/time/dispatch.h). Programs without a case file make steppers by otto/time/schemes.h.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "otto/core/archive.h"
#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"
#include "otto/time/error_budget.h"

namespace otto {

struct Diffusion;  // otto/operators/diffusion.h

/// The state of a run.
struct State {
  double time = 0;              ///< in the units of the problem
  std::vector<double> density;  ///< owned + ghosts (ghosts up to date between steps)
};

/// What the inner steps of a proximal step cost (newton/inner_newton.h).
struct InnerWork {
  int newton_iterations = 0;      ///< of all inner steps
  int linear_iterations = 0;      ///< of all inner steps
  int max_linear_iterations = 0;  ///< of one solve
  long transport_solves = 0;      ///< with the transport matrix or its transpose
  long transport_sweeps = 0;      ///< over the cells, of those solves
};

/// What a step did in place of what was asked: `StepReport::fallback`, and the column of
/// history.csv (docs/methods/proximal_second_order.md). A step that did several tells the largest; `loose` is told
/// where there is nothing else.
namespace fallback {
inline constexpr int none = 0;  ///< it did what was asked
inline constexpr int path = 1;  ///< Newton's method by way of shorter steps: same solution
inline constexpr int pieces =
    2;  ///< shorter steps of BDF2, or of implicit Euler, extrapolated, from a density that jumps
inline constexpr int other_rule = 3;   ///< BDF2 for the midpoint rule, or the other way round
inline constexpr int first_order = 4;  ///< a plain proximal step in place of a second-order one
inline constexpr int loose = 5;        ///< inner steps ended at an optimality of 1e-9 to 1e-5
/// Whether a step was made by another formula than its scheme's.
inline constexpr bool changed(int code) { return code == other_rule || code == first_order; }
}  // namespace fallback

/// Evidence of one attempted step.
struct [[nodiscard]] StepReport {
  bool accepted = false;          ///< false: the state is unchanged, bit for bit
  std::string reason;             ///< why not; if accepted, what kept the scheme from its order
  int newton_iterations = 0;      ///< all stages together
  int linear_iterations = 0;      ///< all stages together
  int max_linear_iterations = 0;  ///< of one solve
  double error_estimate = -1;     ///< estimated L1 error in time of the new state; -1: none
  double next_step = 0;           ///< suggested length of the next attempt; 0: none
  double dissipation = -1;        ///< the scheme's own discrete dissipation (midpoint); -1: take it
                                  ///< at the new state
  double optimality = -1;         ///< what proximal solves leave of their optimality conditions,
                                  ///< over the mass, the largest; -1: there was none
  int fallback = fallback::none;  ///< one of namespace fallback
  /// Mass exchanged since the start, as Exchange::names() lists it; empty where the scheme does not count it.
  std::vector<double> exchanged = {};
  InnerWork inner;  ///< of which inner steps; their iterations are in the sums above
};

/// What steppers are made of; it and all it refers to outlive them.
struct Problem {
  const Mesh& mesh;          ///< where the density lives
  const FreeEnergy& energy;  ///< what it descends
  /// Of this mesh and energy; its drift and absorbing sides are the problem's.
  Generator& generator;
  SolverOptions solver = {};  ///< of the linear systems of a step
  /// flux.kind where one was asked for: a two-point flux or `flux_on_simplices`. "": the generator's,
  /// or none where the scheme has a transport of its own.
  std::string flux = {};
  /// Null: 1. Fluxes on simplices take it from here, all others from the mesh and the generator.
  std::shared_ptr<const Diffusion> diffusion = {};
};

/// A scheme that advances a density in time.
class Stepper {
 public:
  virtual ~Stepper() = default;
  /// The next step starts from `state`, which is not where the last one ended: forgets histories, and
  /// its mass is the one to keep. Call it before the first step and whenever somebody has replaced
  /// the state; not where `remember` has just restored what the stepper knew of it. The generator is
  /// at the time of the state. Collective.
  virtual void restart(const State& state) { (void)state; }
  /// Advances the state by dt, or refuses and leaves it unchanged. Collective.
  virtual StepReport advance(State& state, double dt) = 0;
  [[nodiscard]] virtual int order() const = 0;  ///< in dt; or exact_in_time
  /// Names what the next step depends on besides the State, so that a resumed run takes the same
  /// steps to the last bit. The default is for schemes that remember nothing.
  virtual void remember(Archive& archive) { (void)archive; }
  /// Keeps F(n+1) + dt * dissipation <= F(n) unconditionally (dissipative by construction).
  [[nodiscard]] virtual bool dissipative() const { return false; }
  /// The dissipation at a state where it is not that of the generator's fluxes; else -1. Collective.
  [[nodiscard]] virtual double dissipation(const State& state) {
    (void)state;
    return -1;
  }
  /// Accurate to time.tolerance whatever the step; time.step may be left out.
  [[nodiscard]] virtual bool any_step() const { return false; }
  /// Steps in which each step is divided: where there are more, the report tells of them.
  [[nodiscard]] virtual int inner_steps() const { return 1; }
  /// The stepper can estimate its error, and does once `limit_error` has been called.
  [[nodiscard]] virtual bool estimates_error() const { return false; }
  /// From now on estimates errors and refuses steps the budget does not afford.
  void limit_error(const ErrorBudget& budget) { budget_ = budget; }

 protected:
  /// What `limit_error` was given.
  [[nodiscard]] const std::optional<ErrorBudget>& budget() const { return budget_; }

 private:
  std::optional<ErrorBudget> budget_;
};

/// order() of a scheme without an error in time but the tolerance.
inline constexpr int exact_in_time = 1000;

}  // namespace otto
