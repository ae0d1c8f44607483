#pragma once
// How long the next step should be.

#include "otto/core/archive.h"

namespace otto {

struct StepLimits {
  double step = 0;  ///< fixed length, or the first one of an adaptive run
  bool adaptive = false;
  double least = 0;  ///< shortest step allowed
  double most = 0;   ///< longest step allowed; 0: no limit
};

/// Fixed: `step`; halved after a refusal, and doubled back once three steps have been accepted.
/// Adaptive: what the stepper suggests, where that is worth rebuilding the solver for.
class StepControl {
 public:
  explicit StepControl(const StepLimits& limits);

  /// The length wanted for the next step.
  [[nodiscard]] double wish() const { return wish_; }
  [[nodiscard]] const StepLimits& limits() const { return limits_; }
  void remember(Archive& archive) {
    archive.number("wish", wish_);
    archive.number("since_refusal", since_refusal_);
  }
  /// A step of length dt was accepted; `suggested` > 0 where the stepper says what to do next.
  void accepted(double dt, double suggested);
  /// A step of length dt was refused.
  void refused(double dt, double suggested);

 private:
  StepLimits limits_;
  double wish_, refused_;
  int since_refusal_ = 0;
};

}  // namespace otto
