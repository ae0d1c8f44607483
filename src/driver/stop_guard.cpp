#include "otto/driver/stop_guard.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace otto {

namespace {

volatile std::sig_atomic_t signal_seen = 0;
constexpr std::array answered{SIGTERM, SIGUSR1, SIGINT};
std::array<struct sigaction, answered.size()> before;

std::function<bool()> asked_by_host;  // empty: signals are answered here
bool noting = false;
int guards = 0;

void note_signal(int) { signal_seen = 1; }

}  // namespace

void leave_signals_to_host(std::function<bool()> asked) { asked_by_host = std::move(asked); }

void note_stop_signals() {
  if (noting || asked_by_host) return;
  noting = true;
  signal_seen = 0;
  for (std::size_t i = 0; i < answered.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART | (answered[i] == SIGINT ? SA_RESETHAND : 0);
    sigaction(answered[i], &action, &before[i]);
  }
}

StopGuard::StopGuard() {
  ++guards;
  note_stop_signals();
}

StopGuard::~StopGuard() {
  if (--guards > 0 || !noting) return;
  noting = false;
  for (std::size_t i = 0; i < answered.size(); ++i) sigaction(answered[i], &before[i], nullptr);
}

void StopGuard::limit_wall_time(std::chrono::steady_clock::time_point start, double seconds) {
  start_ = start;
  limit_ = seconds;
}

// Costs are remembered as a maximum that fades slowly, so that one slow step long ago does not
// count without end.
void StopGuard::step_took(double seconds) { step_ = std::max(seconds, 0.98 * step_); }
void StopGuard::output_took(double seconds) { output_ = std::max(seconds, 0.98 * output_); }
void StopGuard::checkpoint_took(double seconds) {
  checkpoint_ = std::max(seconds, 0.98 * checkpoint_);
}

StopGuard::Reason StopGuard::reason() const {
  if (asked_by_host && asked_by_host()) return host;
  if (noting && signal_seen != 0) return signal;
  if (!limit_) return none;
  constexpr double shutdown = 0.5;  // seconds, to leave the last files and MPI
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - start_;
  // One of each is still to come, and a final state that costs what a checkpoint does; twice that.
  const double ending = 2 * (step_ + output_ + 2 * checkpoint_) + shutdown;
  return used.count() + ending > *limit_ ? wall_time : none;
}

std::string words_for(StopGuard::Reason reason) {
  switch (reason) {
    case StopGuard::wall_time:
      return "the wall time of run.wall_minutes is nearly used up";
    case StopGuard::signal:
      return "a signal asked for it";
    case StopGuard::host:
      return "the program that runs it asked for it";
    default:
      return "";
  }
}

}  // namespace otto
