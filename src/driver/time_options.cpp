#include "otto/driver/time_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/core/error.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "time", .doc = "How time advances."}},
    {{.path = "time.scheme",
      .type = Type::text,
      .doc = "The time stepping scheme.",
      .fallback = "\"implicit_euler\""},
     {.path = "time.start",
      .doc = "Time of the initial density.",
      .fallback = "0.0",
      .equation = "rho(start) = [initial]"},
     {.path = "time.step",
      .doc = "Length of a step; of the first one where steps are adaptive. Steps are shortened to "
             "end at output times.",
      .range = positive},
     {.path = "time.end", .doc = "Time at which the run ends.", .required = true},
     {.path = "time.adaptive",
      .type = Type::flag,
      .doc = "Choose the steps so that the time error at the end is about `tolerance`.",
      .fallback = "false"},
     {.path = "time.tolerance",
      .doc = "L1 error in time allowed at the end, for adaptive steps and for the exponential.",
      .fallback = "1e-4",
      .range = positive},
     {.path = "time.max_step", .doc = "Longest step of an adaptive run.", .range = positive},
     {.path = "time.min_step",
      .doc = "A run that would need shorter steps fails instead.",
      .fallback = "0.0",
      .range = non_negative},
     {.path = "output.every",
      .doc = "Time between outputs; 0: only the start and the end are written.",
      .fallback = "0.0",
      .range = non_negative}}};

}  // namespace

TimeOptions read_time_options(const Section& time, const Section& output) {
  TimeOptions options{.start = time.real("start"),
                      .end = time.real("end"),
                      .output_every = output.real("every"),
                      .step = {},
                      .adaptive = time.flag("adaptive"),
                      .tolerance = time.real("tolerance"),
                      .min_step = time.real("min_step"),
                      .max_step = {}};
  if (time.has("step")) options.step = time.real("step");
  if (time.has("max_step")) options.max_step = time.real("max_step");
  if (!(options.end > options.start)) {
    time.fail("end", fmt::format("the end, {}, must be later than time.start, {}", options.end,
                                 options.start));
  }
  const double duration = options.end - options.start;
  if (options.step && *options.step < options.rules.resolution * duration) {
    time.fail("step",
              fmt::format("a step of {} is nothing beside the {} from time.start to time.end: at "
                          "least {:.2g} of it",
                          *options.step, duration, options.rules.resolution));
  }
  return options;
}

Timetable make_timetable(const TimeOptions& options) {
  return {options.start, options.end, options.output_every};
}

StepControl make_control(const TimeOptions& options, Stepper& stepper) {
  const double duration = options.end - options.start;
  StepLimits limits{.adaptive = options.adaptive,
                    .min_step = std::max(options.min_step, options.rules.resolution * duration),
                    .max_step = options.max_step.value_or(0)};
  if (options.adaptive) {
    if (!stepper.estimates_error()) {
      throw InputError("time.adaptive: the stepper does not estimate its error; take fixed steps");
    }
    stepper.limit_error({options.tolerance, options.start, options.end});
  }
  if (options.step) {
    limits.step = *options.step;
  } else if (options.adaptive) {
    const double first_output = make_timetable(options).next(options.start) - options.start;
    limits.step = options.rules.first_step * first_output;
  } else if (stepper.any_step()) {
    limits.step = duration;
  } else {
    throw InputError("time.step: the stepper needs the length of a step");
  }
  return StepControl(limits, options.rules);
}

}  // namespace otto
