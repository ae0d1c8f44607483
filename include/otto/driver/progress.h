#pragma once
#include "otto/driver/simulation.h"
#include "otto/io/log.h"

namespace otto {

/// "4 s", "2 min 05 s", "1 h 40 min".
std::string duration_words(double seconds);

/// The line a run shows while it goes: time, free energy, iterations of the step, remaining time.
class Progress {
 public:
  Progress(Log& log, double start, double end) : log_(log), start_(start), end_(end) {}
  void after_step(const StepRecord& record);

 private:
  Log& log_;
  double start_, end_;
};

}  // namespace otto
