#pragma once
// The time error of adaptive runs, carried from step to step: E_{n+1} = R E_n + e_n (error_budget.h).

#include <span>
#include <vector>

#include "otto/time/stepper.h"

namespace otto {

struct CarriedErrorOptions {
  double rtol = 0.05;  ///< of all solves: the result is an estimate, of which one digit is asked
};

/// Everything is collective.
class CarriedError {
 public:
  CarriedError(const Problem& problem, ShiftedSolver& solver,
               const CarriedErrorOptions& options = {})
      : mesh_(problem.mesh), generator_(problem.generator), solver_(solver), options_(options) {}

  /// A new run: no error yet.
  void clear() {
    error_.clear();
    last_dt_ = 0;
  }

  /// The error after a step from t to t + dt of the given order. `own`: M e before its filter, so
  /// e = S own, S = (M - c M Q)^{-1}. R is the rational function
  ///   R E = E + y,   y = S (a M x + c M Q E),   x = S c M Q E,
  /// which is TR-BDF2's for a = 2 alpha, and (I - c Q)^{-2} for a = 1; solving for changes keeps
  /// small ones to a digit as well. Writes estimate, next step and, where the budget does not
  /// afford the step, the reason into the report, and returns whether it does.
  [[nodiscard]] bool judge(StepReport& report, const ErrorBudget& budget, double t, double dt,
                           int order, double c, double a, std::span<const double> own);
  void remember(Archive& archive) {
    archive.cells("field", error_);
    archive.number("last_rate", last_rate_);
    archive.number("last_dt", last_dt_);
  }
  /// The step judged last was accepted.
  void accept() { error_.swap(next_); }

  /// (I - c Q)^{-1} M^{-1} b to about one digit, for estimates; owned values.
  void solve(StepReport& report, double c, std::span<const double> b, std::span<double> x);

 private:
  void carry(StepReport& report, double c, double a);
  [[nodiscard]] double l1(std::span<const double> x) const;

  const Mesh& mesh_;
  Generator& generator_;
  ShiftedSolver& solver_;
  CarriedErrorOptions options_;
  std::vector<double> error_, next_;    // owned values
  double last_rate_ = 0, last_dt_ = 0;  // |e| / dt^(order+1) of the last accepted step
};

}  // namespace otto
