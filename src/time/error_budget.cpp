#include "otto/time/error_budget.h"

#include <algorithm>
#include <cmath>

namespace otto {

double ErrorBudget::fading(double t, double dt, double ratio) const {
  const double elapsed = t - start_;
  return elapsed > 0 && ratio < 1 ? -std::log(ratio) / std::log1p(dt / elapsed) : 0.0;
}

double ErrorBudget::longest(double t, double E, double dt, const StepError& error, int order,
                            bool try_the_rest) const {
  // Assume both errors go on falling as just seen, the own one scaled as it should be.
  const double kept = error.before > 0 ? std::clamp(error.carried / error.before, 1e-6, 1.0) : 1.0;
  const double decay = -std::log(kept) / dt, own = std::max(error.own, 1e-300);
  const auto carried = [&](double h) { return std::exp(-decay * h) * E; };
  const auto spent = [&](double h) {
    const double faded = error.fading > 0 ? std::pow(1 + h / (t - start_), -error.fading) : 1.0;
    return own * std::pow(h / dt, order + 1) * faded;
  };
  double least = 0.1 * dt, most = 5 * dt;
  for (int i = 0; i < 40; ++i) {
    const double h = std::sqrt(least * most);
    (spent(h) <= std::max(tolerance_ - carried(h), 0.9 * share(h)) ? least : most) = h;
  }
  const double rest = end_ - t;
  if (!try_the_rest || least >= rest || rest > 10 * dt) return least;
  return spent(rest) + carried(rest) <= 3 * tolerance_ ? rest : least;
}

double ErrorBudget::next(double t, double E, double dt, const StepError& error, int order) const {
  return longest(t, E, dt, error, order, true);
}

double ErrorBudget::shorter(double t, double dt, const StepError& error, int order) const {
  if (t + dt < end_ - 1e-9 * dt) return longest(t, error.before, dt, error, order, false);
  // What a step to the end costs falls faster than its length to the power order + 1, because a
  // later start finds less left; up to about twice that power while the density relaxes.
  const double to_spend = std::max(tolerance_ - error.carried, 0.1 * tolerance_);
  return std::max(dt * (1 - std::pow(to_spend / error.own, 0.5 / (order + 1))), 0.05 * dt);
}

double ErrorBudget::rtol(double dt, double mass) const {
  return std::clamp(0.02 * tolerance_ / mass * std::min(dt / (end_ - start_), 1.0), 1e-13, 1e-2);
}

}  // namespace otto
