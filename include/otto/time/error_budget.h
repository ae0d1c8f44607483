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

/// The estimates behind all this are good to about a digit, and so are these numbers; they were
/// tried on the double well, the Ornstein-Uhlenbeck process and the exponential drift, where errors at
/// the end are within a factor 3 of the tolerance (tests/convergence/time_adaptive_test.cpp).
struct BudgetOptions {
  /// An error up to this times the tolerance is let pass: a refusal costs a step and gains little.
  double max_excess = 1.2;
  /// Part of the tolerance of which each step may spend its even share, dt / (end - start), so that a
  /// used-up budget does not stop the run; the rest goes where it lengthens steps.
  double even_part = 0.5;
  double aimed_share = 0.9;   ///< of that share: what a step is planned to spend at most
  double min_factor = 0.1;    ///< the next step over this one, at least:
  double max_factor = 5;      ///< and at most: beyond it the laws of the errors are not believed
  double min_damping = 1e-6;  ///< of the carried error over one step that is believed
  int bisections = 40;        ///< for the longest step: its log to ln 50 / 2^40
  /// The rest of the run is attempted in one step where it is at most this times dt ...
  double max_rest = 10;
  /// ... and would leave at most this times the tolerance: the laws are pessimistic there.
  double max_rest_excess = 3;
  double min_rest_share = 0.1;  ///< of the tolerance, that a step to the end may spend in any case
  double min_shorter = 0.05;    ///< a step before it, over the step to the end that was refused
  double at_end = 1e-9;         ///< of a step: the rounding of the time it leads to
  double solver_share = 0.02;   ///< of the step's share of the tolerance, left to linear solves
  double min_rtol = 1e-13;      ///< of linear solves: rounding
  double max_rtol = 1e-2;       ///< of linear solves: two digits at least
};

/// What a run may still spend of its tolerance, and what that means for the next step.
class ErrorBudget {
 public:
  /// `tolerance`: on |E|_L1 at every time from `start` to `end`.
  ErrorBudget(double tolerance, double start, double end, const BudgetOptions& options = {})
      : options_(options), tolerance_(tolerance), start_(start), end_(end) {}

  /// On |E|_L1.
  [[nodiscard]] double tolerance() const { return tolerance_; }
  /// p, where the errors of equal steps have fallen to `ratio` of what they were over a step from t
  /// to t + dt.
  [[nodiscard]] double fading(double t, double dt, double ratio) const;
  /// The step from t to t + dt may be accepted.
  [[nodiscard]] bool affords(double dt, const StepError& error) const {
    return error.after <= options_.max_excess * tolerance_ || error.own <= share(dt);
  }
  /// The longest step from t that the budget should afford, judged by a step of length dt of the
  /// given order that began with the error E (and had own error ~ dt^(order+1)); within
  /// `min_factor` .. `max_factor` of dt. Near the end, the rest of the run: what has not been spent
  /// there has decayed soon after, so the last step is worth an attempt that may be refused.
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
  [[nodiscard]] double share(double dt) const {
    return options_.even_part * tolerance_ * dt / (end_ - start_);
  }

  BudgetOptions options_;
  double tolerance_, start_, end_;
};

}  // namespace otto
