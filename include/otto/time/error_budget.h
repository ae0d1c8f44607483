#pragma once
// Adaptive steps that end with the time error asked for.
//
// A stepper that estimates the error e_n of each step also carries the error of all steps so far,
//
//   E_{n+1} = R E_n + e_n,      R the damping of the flow over the step,
//
// so that what decays (all fast modes of an early transient) is not paid for twice. Steps are as
// long as |E(t)|_L1 <= tolerance allows at every t. An even share of the tolerance, dt / (end -
// start) of its half, may always be spent, so that a budget that is used up does not stop the run.
//
// While a density relaxes, ever slower modes are left and the error of equal steps falls like a
// power of the time since the start, e ~ dt^(order+1) (t - start)^-p; an exponential law, with the
// rate of the last step, would promise too much. p is measured from step to step.

namespace otto {

/// What a step did to the error; L1 norms.
struct StepError {
  double before = 0;   ///< |E_n|
  double carried = 0;  ///< |R E_n|
  double own = 0;      ///< |e_n|
  double after = 0;    ///< |E_{n+1}|
  double fading = 0;   ///< p >= 0 above; 0: not known
};

/// What a run may still spend of its tolerance, and what that means for the next step.
class ErrorBudget {
 public:
  /// `tolerance`: on |E|_L1 at every time from `start` to `end`.
  ErrorBudget(double tolerance, double start, double end)
      : tolerance_(tolerance), start_(start), end_(end) {}

  /// On |E|_L1.
  [[nodiscard]] double tolerance() const { return tolerance_; }
  /// p, where the errors of equal steps have fallen to `ratio` of what they were over a step from t
  /// to t + dt.
  [[nodiscard]] double fading(double t, double dt, double ratio) const;
  /// The step from t to t + dt may be accepted.
  [[nodiscard]] bool affords(double dt, const StepError& error) const {
    return error.after <= 1.2 * tolerance_ || error.own <= share(dt);
  }
  /// The longest step from t that the budget should afford, judged by a step of length dt of the
  /// given order that began with the error E (and had own error ~ dt^(order+1)); within a factor
  /// 0.1 .. 5 of dt. Near the end, the rest of the run: what has not been spent there has decayed
  /// soon after, so the last step is worth an attempt that may be refused.
  [[nodiscard]] double next(double t, double E, double dt, const StepError& error, int order) const;
  /// The step to try from t after one of length dt was not afforded. Where that one led to the end:
  /// the step after which the rest is affordable, so that the budget is spent at the end.
  [[nodiscard]] double shorter(double t, double dt, const StepError& error, int order) const;
  /// Relative tolerance of linear solves that hides no error of a step of length dt in a density
  /// of this mass.
  [[nodiscard]] double rtol(double dt, double mass) const;

 private:
  [[nodiscard]] double longest(double t, double E, double dt, const StepError& error, int order,
                               bool try_the_rest) const;
  [[nodiscard]] double share(double dt) const { return 0.5 * tolerance_ * dt / (end_ - start_); }

  double tolerance_, start_, end_;
};

}  // namespace otto
