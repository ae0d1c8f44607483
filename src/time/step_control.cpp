#include "otto/time/step_control.h"

#include <algorithm>

namespace otto {

StepControl::StepControl(const StepLimits& limits) : limits_(limits), wish_(limits.step) {
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
    // no growth right after a refusal, and a step cut short at an output time is not the measure
    wish_ = since_refusal_ == 1 ? std::min(suggested, dt) : suggested;
  } else {
    wish_ = dt;
  }
  wish_ = std::max(wish_, limits_.least);
  if (limits_.most > 0) wish_ = std::min(wish_, limits_.most);
}

void StepControl::refused(double dt, double suggested) {
  since_refusal_ = 0;
  wish_ = suggested > 0 ? std::min(suggested, 0.8 * dt) : 0.5 * dt;
}

}  // namespace otto
