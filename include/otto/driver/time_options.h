#pragma once
// The times of a run: [time] and output.every.

#include <optional>

#include "otto/time/step_control.h"
#include "otto/time/stepper.h"
#include "otto/time/timetable.h"

namespace otto {

class Section;

/// Times are in the units of the case.
struct TimeOptions {
  double start = 0;                ///< time of the initial density
  double end = 1;                  ///< later than `start`
  double output_every = 0;         ///< between outputs; 0: the start and the end alone
  std::optional<double> step;      ///< length of a step, or of the first adaptive one
  bool adaptive = false;           ///< steps as long as `tolerance` allows
  double tolerance = 1e-4;         ///< L1 error in time allowed at the end of an adaptive run
  double min_step = 0;             ///< a run that would need shorter steps fails
  std::optional<double> max_step;  ///< none: no limit
  StepRules rules = {};            ///< how steps answer to refusals and suggestions
};

/// Of a [time] table and an [output] table. Throws InputError where the end is not after the start.
TimeOptions read_time_options(const Section& time, const Section& output);

/// The output times and the end.
[[nodiscard]] Timetable make_timetable(const TimeOptions& options);
/// The step control at the start of a run; tells the stepper how much error it may make where steps
/// are adaptive. Throws InputError where the stepper needs a step and there is none, or cannot
/// estimate its error.
[[nodiscard]] StepControl make_control(const TimeOptions& options, Stepper& stepper);

}  // namespace otto
