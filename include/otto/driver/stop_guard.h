#pragma once
// Reasons to stop before the end: a signal, or the wall time running out.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace otto {

/// Remembers SIGTERM, SIGUSR1 and (once; a second one kills) SIGINT from now on, for the StopGuard
/// to come: a run that is asked to stop while it is being set up stops after its first step.
void note_stop_signals();

/// From now on no guard touches a signal: `asked` says whether the host program wants the run to stop.
void leave_signals_to_host(std::function<bool()> asked);

class StopGuard {
 public:
  /// Answers the signals of note_stop_signals, from that call on if there was one, until the last
  /// guard is destroyed.
  StopGuard();
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  /// The run must be over `seconds` after `start`.
  void limit_wall_time(std::chrono::steady_clock::time_point start, double seconds);
  /// Tells what things cost; the guard keeps two of each in hand.
  void step_took(double seconds);
  void output_took(double seconds);
  void checkpoint_took(double seconds);
  /// A wall time is set.
  [[nodiscard]] bool limits_wall_time() const { return limit_.has_value(); }

  enum Reason { none = 0, wall_time = 1, signal = 2, host = 4 };
  /// This rank's opinion; ranks may differ, so reduce it. Local, costs nanoseconds.
  [[nodiscard]] Reason reason() const;
  /// The one of several reasons (added up) to give.
  [[nodiscard]] static Reason chosen(int reasons) {
    for (const Reason reason : {signal, host, wall_time}) {
      if ((reasons & reason) != 0) return reason;
    }
    return none;
  }

 private:
  std::chrono::steady_clock::time_point start_;
  std::optional<double> limit_;
  double step_ = 0, output_ = 0, checkpoint_ = 0;
};

/// Words for the log and the summary: "a signal asked for it".
std::string words_for(StopGuard::Reason reason);

}  // namespace otto
