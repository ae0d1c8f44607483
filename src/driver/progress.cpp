#include "otto/driver/progress.h"

#include <fmt/format.h>

#include <cmath>

namespace otto {

std::string duration_words(double seconds) {
  if (!(seconds < 1e9)) return "long";
  const long s = std::lround(std::ceil(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02d} s", s / 60, s % 60);
  return fmt::format("{} h {:02d} min", s / 3600, s % 3600 / 60);
}

void Progress::after_step(const StepRecord& r) {
  if (r.step == 0 || !log_.live_due()) return;
  const double done = (r.time - start_) / (end_ - start_);
  log_.live(fmt::format(
      "step {}  t = {:.6g} of {:.6g}  F = {:.10g}  Newton {}  linear {}  {:.0f} %, {} left", r.step,
      r.time, end_, r.ledger.free_energy, r.newton_iterations, r.linear_iterations, 100 * done,
      duration_words(r.wall_seconds * (1 - done) / done)));
}

}  // namespace otto
