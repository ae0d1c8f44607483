// Runs of a sweep as processes of their own, so that a run that dies takes no other with it.

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <string_view>
#include <thread>

#include "sweep.h"

namespace otto {

namespace {

std::vector<std::string> copy_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; entry && *entry; ++entry) all.emplace_back(*entry);
  return all;
}

/// Before MPI_Init adds what would make a child take itself for this process.
const std::vector<std::string> environment_at_start = copy_environment();

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

/// A run and what it says on its error stream, in a file without a name.
struct Process {
  std::size_t run = 0;
  int said = -1;
};

/// The last line that tells why it ended, without the program's name; "" where there is none.
std::string reason_in(int file) {
  constexpr std::string_view program = "otto: ";
  std::string text(std::size_t(std::max<off_t>(lseek(file, 0, SEEK_END), 0)), ' ');
  const ssize_t n = pread(file, text.data(), text.size(), 0);
  text.resize(std::size_t(std::max<ssize_t>(n, 0)));
  for (std::size_t end = text.size(); end > 0;) {
    const std::size_t newline = text.rfind('\n', end - 1);
    const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.starts_with(program)) {
      return std::string(line.substr(program.size(), line.find('\n') - program.size()));
    }
    end = begin > 0 ? begin - 1 : 0;
  }
  return "";
}

pid_t start_process(const std::vector<std::string>& arguments, int said) {
  std::vector<std::string> words{"otto"}, environment = environment_at_start;
  words.insert(words.end(), arguments.begin(), arguments.end());
  const auto argv = pointers(words), envp = pointers(environment);
  const pid_t parent = getpid(), child = fork();
  if (child < 0) throw IoError(fmt::format("no process can be started: {}", std::strerror(errno)));
  if (child > 0) return child;
  // Only calls that are safe after fork.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int nowhere = open("/dev/null", O_RDWR);
  dup2(nowhere, STDIN_FILENO);
  dup2(nowhere, STDOUT_FILENO);
  dup2(said >= 0 ? said : nowhere, STDERR_FILENO);
  execve("/proc/self/exe", argv.data(), envp.data());
  _exit(127);
}

/// As a shell tells it: 128 + the signal's number where a signal ended the process.
int exit_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

bool started_by_launcher() {
  return std::ranges::any_of(environment_at_start, [](const std::string& entry) {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE=", "PMIX_RANK=", "PMI_RANK="}) {
      if (entry.starts_with(name)) return true;
    }
    return false;
  });
}

void run_processes(const std::vector<std::vector<std::string>>& arguments, int jobs,
                   const std::function<bool()>& stopping,
                   const std::function<void(std::size_t, int, const std::string&)>& done) {
  constexpr std::chrono::milliseconds pause(20);
  std::map<pid_t, Process> running;
  std::size_t next = 0;
  bool asked = false;
  while (true) {
    if (stopping() && !asked) {
      asked = true;
      for (const auto& [pid, process] : running) kill(pid, SIGTERM);
    }
    while (!asked && next < arguments.size() && int(running.size()) < jobs) {
      const int said = memfd_create("otto", MFD_CLOEXEC);
      running[start_process(arguments[next], said)] = {next, said};
      ++next;
    }
    if (running.empty()) return;
    for (auto at = running.begin(); at != running.end();) {
      int status = 0;
      if (waitpid(at->first, &status, WNOHANG) != at->first) {
        ++at;
        continue;
      }
      const Process process = at->second;
      at = running.erase(at);
      const std::string reason = process.said >= 0 ? reason_in(process.said) : "";
      if (process.said >= 0) close(process.said);
      done(process.run, exit_status(status), reason);
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace otto
