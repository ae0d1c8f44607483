#include "otto/time/step_control.h"

#include <algorithm>

namespace otto {

StepControl::StepControl(const StepLimits& limits, const StepRules& rules)
    : limits_(limits), rules_(rules), wish_(limits.step), refused_(limits.step) {
  if (limits_.max_step > 0) wish_ = std::min(wish_, limits_.max_step);
}

void StepControl::accepted(double dt, double suggested) {
  ++since_refusal_;
  if (!limits_.adaptive) {
    short_steps_ = wish_ < rules_.stuck_below * limits_.step ? short_steps_ + 1 : 0;
    if (wish_ < limits_.step && since_refusal_ >= rules_.recovery_steps) {
      wish_ = std::min(2 * wish_, limits_.step);
      since_refusal_ = 0;
    }
    return;
  }
  if (suggested > rules_.keep_below * dt || suggested < rules_.keep_above * dt) {
    // right after a refusal no longer than what was refused, or than this step if the scheme failed
    wish_ = since_refusal_ == 1 ? std::min(suggested, refused_) : suggested;
  } else {
    wish_ = dt;
  }
  wish_ = std::max(wish_, limits_.min_step);
  if (limits_.max_step > 0) wish_ = std::min(wish_, limits_.max_step);
}

void StepControl::refused(double dt, double suggested) {
  since_refusal_ = 0;
  wish_ = suggested > 0 ? std::min(suggested, rules_.max_refused_factor * dt)
                        : rules_.refused_factor * dt;
  refused_ = suggested > 0 ? dt : wish_;
}

}  // namespace otto
