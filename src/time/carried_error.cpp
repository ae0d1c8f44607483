#include "otto/time/carried_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "otto/time/linear_stage.h"

namespace otto {

void CarriedError::solve(StepReport& report, double c, std::span<const double> b,
                         std::span<double> x) {
  std::ranges::fill(x, 0.0);
  count(report, solver_.solve(c, {}, b, x, options_.rtol));
}

double CarriedError::l1(std::span<const double> x) const {
  ReproducibleSum sum;
  const double* vol = mesh_.volume.data();
  sum.add(x.size(), [&](std::size_t i) { return vol[i] * std::abs(x[i]); });
  return sum_of_all(mesh_.comm, sum);
}

/// next_ = R error_.
void CarriedError::carry(StepReport& report, double c, double a) {
  const std::size_t n = error_.size();
  std::vector<double> rate(n), x(n);
  next_ = error_;
  next_.resize(static_cast<std::size_t>(mesh_.local()));
  mesh_.halo.update(mesh_.comm, next_);
  generator_.apply(next_, rate);
  next_.resize(n);
  for (double& r : rate) r *= c;
  solve(report, c, rate, x);
  for (std::size_t i = 0; i < n; ++i) rate[i] += a * mesh_.volume[i] * x[i];
  solve(report, c, rate, x);
  for (std::size_t i = 0; i < n; ++i) next_[i] += x[i];
}

bool CarriedError::judge(StepReport& report, const ErrorBudget& budget, double t, double dt,
                         int order, double c, double a, std::span<const double> own) {
  StepError error;
  error_.resize(own.size());
  next_.assign(own.size(), 0.0);
  error.before = l1(error_);
  if (error.before > 0) carry(report, c, a);
  error.carried = l1(next_);
  std::vector<double> e(own.size());
  solve(report, c, own, e);
  error.own = l1(e);
  for (std::size_t i = 0; i < e.size(); ++i) next_[i] += e[i];
  error.after = l1(next_);
  const double own_rate = error.own / std::pow(dt, order + 1);
  if (last_dt_ > 0) error.fading = budget.fading(t, dt, own_rate / last_rate_);
  report.error_estimate = error.after;
  if (budget.affords(dt, error)) {
    report.next_step = budget.next(t + dt, error.after, dt, error, order);
    last_rate_ = own_rate;
    last_dt_ = dt;
    return true;
  }
  error.fading = 0;
  report.next_step = budget.shorter(t, dt, error, order);
  report.reason = fmt::format(
      "the estimated time error {:.2g} exceeds time.tolerance, "
      "{:.2g}",
      error.after, budget.tolerance());
  return false;
}

}  // namespace otto
