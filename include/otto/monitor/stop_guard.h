#pragma once
// Reasons to stop before the end: a signal, or the wall time running out.

#include <chrono>
#include <optional>
#include <string>

namespace otto {

class StopGuard {
 public:
  /// Answers SIGTERM, SIGUSR1 and (once; a second one kills) SIGINT from now on, until destroyed.
  /// One guard at a time.
  StopGuard();
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  /// The run must be over `seconds` after `start`.
  void limit_wall_time(std::chrono::steady_clock::time_point start, double seconds);
  /// Tells what things cost; the guard keeps two of each in hand.
  void step_took(double seconds);
  void output_took(double seconds);

  enum Reason { none = 0, wall_time = 1, signal = 2 };
  /// This rank's opinion; ranks may differ, so reduce it. Local, costs nanoseconds.
  [[nodiscard]] Reason reason() const;

 private:
  std::chrono::steady_clock::time_point start_;
  std::optional<double> limit_;
  double step_ = 0, output_ = 0;
};

/// Words for the log and the summary: "a signal asked for it".
std::string words_for(StopGuard::Reason reason);

}  // namespace otto
