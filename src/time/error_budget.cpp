#include "otto/time/error_budget.h"

#include <algorithm>
#include <cmath>

namespace otto {

namespace {
constexpr double tiny = 1e-300;  // an error of 0 is divided by
}

double ErrorBudget::fading(double t, double dt, double ratio) const {
  const double elapsed = t - start_;
  return elapsed > 0 && ratio < 1 ? -std::log(ratio) / std::log1p(dt / elapsed) : 0.0;
}

double ErrorBudget::longest(double t, double E, double dt, const StepError& error, int order,
                            bool try_the_rest) const {
  // Assume both errors go on falling as just seen, the own one scaled as it should be.
  const double kept =
      error.before > 0 ? std::clamp(error.carried / error.before, options_.min_damping, 1.0) : 1.0;
  const double decay = -std::log(kept) / dt, own = std::max(error.own, tiny);
  const auto carried = [&](double h) { return std::exp(-decay * h) * E; };
  const auto spent = [&](double h) {
    const double faded = error.fading > 0 ? std::pow(1 + h / (t - start_), -error.fading) : 1.0;
    return own * std::pow(h / dt, order + 1) * faded;
  };
  double min = options_.min_factor * dt, max = options_.max_factor * dt;
  for (int i = 0; i < options_.bisections; ++i) {
    const double h = std::sqrt(min * max);
    const double affordable = std::max(tolerance_ - carried(h), options_.aimed_share * share(h));
    (spent(h) <= affordable ? min : max) = h;
  }
  const double rest = end_ - t;
  if (!try_the_rest || min >= rest || rest > options_.max_rest * dt) return min;
  return spent(rest) + carried(rest) <= options_.max_rest_excess * tolerance_ ? rest : min;
}

double ErrorBudget::next(double t, double E, double dt, const StepError& error, int order) const {
  return longest(t, E, dt, error, order, true);
}

double ErrorBudget::shorter(double t, double dt, const StepError& error, int order) const {
  if (t + dt < end_ - options_.at_end * dt)
    return longest(t, error.before, dt, error, order, false);
  // What a step to the end costs falls faster than its length to the power order + 1, because a
  // later start finds less left; up to about twice that power while the density relaxes.
  const double to_spend =
      std::max(tolerance_ - error.carried, options_.min_rest_share * tolerance_);
  return std::max(dt * (1 - std::pow(to_spend / error.own, 0.5 / (order + 1))),
                  options_.min_shorter * dt);
}

double ErrorBudget::rtol(double dt, double mass) const {
  return std::clamp(options_.solver_share * tolerance_ / mass * std::min(dt / (end_ - start_), 1.0),
                    options_.min_rtol, options_.max_rtol);
}

}  // namespace otto
