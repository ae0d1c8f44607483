#include "otto/time/step_control.h"

#include <algorithm>

namespace otto {

StepControl::StepControl(const StepLimits& limits)
    : limits_(limits), wish_(limits.step), refused_(limits.step) {
  if (limits_.most > 0) wish_ = std::min(wish_, limits_.most);
}

void StepControl::accepted(double dt, double suggested) {
  ++since_refusal_;
  if (!limits_.adaptive) {
    if (wish_ < limits_.step && since_refusal_ >= 3) {
      wish_ = std::min(2 * wish_, limits_.step);
      since_refusal_ = 0;
    }
    return;
  }
  if (suggested > 1.25 * dt || suggested < 0.9 * dt) {
    // right after a refusal no longer than what was refused, or than this step if the scheme failed
    wish_ = since_refusal_ == 1 ? std::min(suggested, refused_) : suggested;
  } else {
    wish_ = dt;
  }
  wish_ = std::max(wish_, limits_.least);
  if (limits_.most > 0) wish_ = std::min(wish_, limits_.most);
}

void StepControl::refused(double dt, double suggested) {
  since_refusal_ = 0;
  wish_ = suggested > 0 ? std::min(suggested, 0.8 * dt) : 0.5 * dt;
  refused_ = suggested > 0 ? dt : wish_;
}

}  // namespace otto
