#include "otto/time/error_budget.h"

#include <algorithm>
#include <cmath>

namespace otto {

double ErrorBudget::allowed(double t) const {
  return tolerance_ * (1.0 + 0.0 * std::clamp((t - start_) / (end_ - start_), 0.0, 1.0));
}

double ErrorBudget::next(double t, double E, double dt, const StepError& error, int order) const {
  // Assume both errors go on falling at the rates just seen, the own one scaled as it should be.
  const double kept = error.before > 0 ? std::clamp(error.carried / error.before, 1e-6, 1.0) : 1.0;
  const double decay = -std::log(kept) / dt, own = std::max(error.own, 1e-300);
  double least = 0.1 * dt, most = 5 * dt;
  for (int i = 0; i < 40; ++i) {
    const double h = std::sqrt(least * most);
    const double to_spend = allowed(t + h) - std::exp(-decay * h) * E;
    const double spent =
        own * std::pow(h / dt, order + 1) * std::max(std::exp(-error.fading * h), 0.3);
    (spent <= std::max(to_spend, 0.9 * share(h)) ? least : most) = h;
  }
  return least;
}

double ErrorBudget::rtol(double dt, double mass) const {
  return std::clamp(0.02 * tolerance_ / mass * std::min(dt / (end_ - start_), 1.0), 1e-13, 1e-2);
}

}  // namespace otto
