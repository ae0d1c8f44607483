#include "otto/io/log.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr std::chrono::seconds line_interval{5};
constexpr std::chrono::milliseconds live_interval{100};

std::function<void(const std::string&, bool)> screen;  // empty: the standard streams

void print(const std::string& line, bool warning) {
  if (screen) return screen(line, warning);
  std::fprintf(warning ? stderr : stdout, "%s%s\n", warning ? "warning: " : "", line.c_str());
  if (!warning) std::fflush(stdout);
}

/// Open MPI gives its processes pseudo-terminals whatever its own output is: look at the
/// launcher's.
bool on_terminal() {
  if (screen || ::isatty(STDOUT_FILENO) != 1) return false;
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) return true;
  std::error_code none;
  const auto launcher = std::filesystem::path("/proc") / std::to_string(::getppid());
  const auto output = std::filesystem::read_symlink(launcher / "fd" / "1", none).string();
  return output.starts_with("/dev/pts/") || output.starts_with("/dev/tty");
}

/// log.txt shows text only: anything below a space becomes one.
std::string plain(std::string line) {
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';
  }
  return line;
}

}  // namespace

void set_screen(std::function<void(const std::string& line, bool warning)> show) {
  screen = std::move(show);
}

Log::Log(const Comm& comm, bool quiet)
    : speaks_(comm.is_root()),
      quiet_(quiet),
      terminal_(comm.is_root() && !quiet && on_terminal()),
      live_time_(Clock::now()),
      line_time_(Clock::now()) {}

Log::~Log() {
  clear_live();
  flush();
}

void Log::open(const std::filesystem::path& file, bool go_on) {
  std::error_code none;
  if (go_on && std::filesystem::exists(file, none)) {
    file_.open_at(file, static_cast<long long>(std::filesystem::file_size(file)));
  } else {
    file_.open(file);
  }
  flush();
}

void Log::clear_live() {
  if (!live_shown_) return;
  std::fputs("\r\033[K", stdout);
  live_shown_ = false;
}

void Log::say(const std::string& line) {
  if (!speaks_) return;
  clear_live();
  if (!quiet_) print(line, false);
  file_.append(plain(line) + "\n");
  line_time_ = Clock::now();
  flush();
}

void Log::warn(const std::string& line) {
  if (!speaks_) return;
  clear_live();
  print(line, true);
  file_.append("warning: " + plain(line) + "\n");
  flush();
}

void Log::note(const std::string& line) {
  if (!speaks_) return;
  clear_live();
  file_.append(plain(line) + "\n");
  flush();
}

bool Log::live_due() const {
  if (!speaks_) return false;
  const auto now = Clock::now();
  return now - line_time_ >= line_interval || (terminal_ && now - live_time_ >= live_interval);
}

void Log::live(const std::string& line) {
  if (!live_due()) return;
  const auto now = Clock::now();
  if (now - line_time_ >= line_interval) {
    line_time_ = now;
    if (!terminal_ && !quiet_) print(line, false);
    file_.append(plain(line) + "\n");
    flush();
  }
  if (terminal_) {
    std::fprintf(stdout, "\r%s\033[K", line.c_str());
    std::fflush(stdout);
    live_shown_ = true;
    live_time_ = now;
  }
}

void Log::flush() noexcept {
  if (trouble_) return;
  try {
    file_.flush();
  } catch (const std::exception& e) {
    trouble_ = e.what();
  }
}

}  // namespace otto
