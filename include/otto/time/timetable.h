#pragma once
// When a run writes and when its steps end. Pure functions of the time reached, so that a resumed
// run takes the same steps as an uninterrupted one.

namespace otto {

/// Which differences of times are rounding.
struct TimetableOptions {
  double slack = 1e-8;    ///< of a step or an output interval: what counts as rounding
  double stretch = 0.01;  ///< a remainder of this much of a step is no step of its own
};

/// The output times of a run and the steps that lead to them.
class Timetable {
 public:
  /// Output times are start + k every (k = 1, 2, ...) before `end`, and `end`; every = 0: only the
  /// end. Needs end > start and every >= 0.
  Timetable(double start, double end, double every, const TimetableOptions& options = {});

  [[nodiscard]] double end() const { return end_; }  ///< of the run
  /// `t` is `end` or beyond.
  [[nodiscard]] bool over(double t) const { return t >= end_; }
  /// The first output time after t.
  [[nodiscard]] double next(double t) const;

  /// One step.
  struct Leap {
    double dt = 0;            ///< its length
    double arrival = 0;       ///< the output time itself where it ends there, else t + dt with the
                              ///< rounding of repeated additions kept out
    bool output_due = false;  ///< it ends at an output time
  };
  /// The step from t: `dt` long, exactly so wherever whole steps fit up to rounding, and shorter
  /// where it would pass the next output time (longer by up to a hundredth where that saves a tiny
  /// step before it).
  [[nodiscard]] Leap leap(double t, double dt) const;
  /// As `leap`, but the last two steps before an output time are made equal; not those before the
  /// end, where the longer of two unequal steps comes first and leaves the error asked for.
  [[nodiscard]] Leap even_leap(double t, double dt) const;

 private:
  TimetableOptions options_;
  double start_, end_, every_;
};

}  // namespace otto
