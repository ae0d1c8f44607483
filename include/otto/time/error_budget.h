#pragma once
// Adaptive steps that end with the time error asked for.
//
// A stepper that estimates the error e_n of each step also carries the error of all steps so far,
//
//   E_{n+1} = R E_n + e_n,      R the damping of the flow over the step,
//
// so that what decays (all fast modes of an early transient) is not paid for twice. The budget
// |E(t)|_L1 <= B(t) = tolerance (0.3 + 0.7 (t - start) / (end - start)) grows to the tolerance at the
// end; steps are chosen to spend it. The even share of the tolerance, dt / (end - start) of it, may
// always be spent, so that a budget that is used up does not stop the run.

namespace otto {

/// What a step did to the error; L1 norms.
struct StepError {
  double before = 0;   ///< |E_n|
  double carried = 0;  ///< |R E_n|
  double own = 0;      ///< |e_n|
  double after = 0;    ///< |E_{n+1}|
  double fading = 0;   ///< rate >= 0 at which own errors of equal steps fall from step to step
};

class ErrorBudget {
 public:
  ErrorBudget(double tolerance, double start, double end)
      : tolerance_(tolerance), start_(start), end_(end) {}

  [[nodiscard]] double allowed(double t) const;
  /// The step from t to t + dt may be accepted.
  [[nodiscard]] bool affords(double t, double dt, const StepError& error) const {
    return error.after <= 1.2 * allowed(t + dt) || error.own <= share(dt);
  }
  /// The longest step from t that the budget should afford, judged by a step of length dt of the
  /// given order that began with the error E (and had own error ~ dt^(order+1)); within a factor
  /// 0.1 .. 5 of dt.
  [[nodiscard]] double next(double t, double E, double dt, const StepError& error,
                            int order) const;
  /// Relative tolerance of linear solves that hides no error of a step of length dt in a density
  /// of this mass.
  [[nodiscard]] double rtol(double dt, double mass) const;

 private:
  [[nodiscard]] double share(double dt) const { return 0.5 * tolerance_ * dt / (end_ - start_); }

  double tolerance_, start_, end_;
};

}  // namespace otto
