#pragma once
// How long the next step should be.

#include "otto/core/archive.h"

namespace otto {

/// What the user asked for.
struct StepLimits {
  double step = 0;        ///< fixed length, or the first one of an adaptive run
  bool adaptive = false;  ///< else steps are as long as `step`
  double min_step = 0;    ///< a run that would need shorter steps fails
  double max_step = 0;    ///< 0: no limit
};

/// How the length of steps answers to what becomes of them. Lengths other than those of users are
/// chosen by these alone.
struct StepRules {
  /// Refusals in a row after which a run gives up: halving so often divides a step by a million.
  int max_refusals = 20;
  /// Length of the first adaptive step over the time to the first output. Its error is judged like
  /// that of any other and the next may be five times as long, so a short start costs a few steps.
  double first_step = 1e-3;
  /// Steps shorter than this part of the run are lost in the rounding of its times.
  double resolution = 1e-13;
  /// A step within this part of the last one is taken to be the same, to the last bit: solvers keep
  /// what they built for it. Well above the rounding of times, well below what an error notices.
  double same_step = 1e-9;
  /// After a refusal: this times the length, where the stepper suggests nothing, ...
  double refused_factor = 0.5;
  /// ... and at most this times, where it does: a little less is not worth an attempt.
  double max_refused_factor = 0.8;
  /// Fixed steps: accepted ones after which a step that had to be shortened is doubled again.
  int recovery_steps = 3;
  /// Fixed steps: a run gives up after so many in a row whose length refusals hold below this part of
  /// `step`: it would need a million for what was to be one.
  int stuck_steps = 1000;
  double stuck_below = 1e-6;  ///< that part
  /// Adaptive steps: a suggestion between these times the present length is not worth rebuilding the
  /// solver for.
  double keep_above = 0.9;
  double keep_below = 1.25;  ///< the other end
};

/// Fixed: `step`; shortened after a refusal, and doubled back once some steps have been accepted.
/// Adaptive: what the stepper suggests, where that is worth rebuilding the solver for.
class StepControl {
 public:
  /// At the start of a run.
  explicit StepControl(const StepLimits& limits, const StepRules& rules = {});

  /// The length wanted for the next step.
  [[nodiscard]] double wish() const { return wish_; }
  [[nodiscard]] const StepLimits& limits() const { return limits_; }  ///< as given
  /// Fixed steps have stayed too short for too long to get anywhere.
  [[nodiscard]] bool stuck() const { return short_steps_ >= rules_.stuck_steps; }
  /// What the next wish depends on.
  void remember(Archive& archive) {
    archive.number("wish", wish_);
    archive.number("since_refusal", since_refusal_);
    if (archive.holds("short_steps")) archive.number("short_steps", short_steps_);
  }
  /// A step of length dt was accepted; `suggested` > 0 where the stepper says what to do next.
  void accepted(double dt, double suggested);
  /// A step of length dt was refused.
  void refused(double dt, double suggested);

 private:
  StepLimits limits_;
  StepRules rules_;
  double wish_, refused_;
  int since_refusal_ = 0;
  int short_steps_ = 0;  ///< in a row, below stuck_below
};

}  // namespace otto
