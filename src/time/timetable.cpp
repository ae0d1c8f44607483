#include "otto/time/timetable.h"

#include <cmath>

namespace otto {

Timetable::Timetable(double start, double end, double every, const TimetableOptions& options)
    : options_(options), start_(start), end_(end), every_(every) {}

double Timetable::next(double t) const {
  if (every_ <= 0) return end_;
  const double count = std::floor((t - start_) / every_ + options_.slack) + 1;
  const double due = start_ + count * every_;
  return due > end_ - options_.slack * every_ ? end_ : due;
}

Timetable::Leap Timetable::leap(double t, double dt) const {
  const double due = next(t);
  if (due - t <= dt * (1 + options_.stretch)) {
    const bool whole = std::abs(due - t - dt) <= options_.slack * dt;
    return {whole ? dt : due - t, due, true};
  }
  // Count from the last output time rather than add up: t = base + k dt.
  const double base =
      every_ > 0 ? start_ + std::floor((t - start_) / every_ + options_.slack) * every_ : start_;
  const double steps = (t - base) / dt, whole_steps = std::round(steps);
  const bool on_grid = std::abs(steps - whole_steps) <= options_.slack;
  return {dt, on_grid ? base + (whole_steps + 1) * dt : t + dt, false};
}

Timetable::Leap Timetable::even_leap(double t, double dt) const {
  const double due = next(t), rest = due - t;
  const bool two_left = rest > dt * (1 + options_.stretch) && rest < 2 * dt;
  return leap(t, two_left && due < end_ ? 0.5 * rest : dt);
}

}  // namespace otto
